// Which control is meant, and what proves who asks: words of the command line stand above the
// environment, the environment above what `flint fleet login` kept. A kept token goes to the
// control that gave it, and to no other.
import * as v from 'valibot';
import { originOf } from '../../core/enroll-wire.ts';
import { ProbeError } from '../../core/error.ts';
import { readWhole, removeWhole, writeWhole } from '../../host/file.ts';
import { configDirectory, ownPlaceRequest } from '../../host/places.ts';
import { UsageError } from '../command.ts';

const path = process.getBuiltinModule('node:path');

export interface Account {
  origin: string;
  /** Null: nobody has logged in there. */
  token: string | null;
  /** Certificates to trust instead of the system's; absolute. */
  caFile: string | null;
}

const LOGIN = v.object({
  origin: v.string(),
  /** As whom, for people to read. */
  user: v.string(),
  token: v.string(),
  /** By which the control knows the token; null for one that was made elsewhere. */
  tokenId: v.nullable(v.number()),
  caFile: v.nullable(v.string()),
  insecureHttp: v.boolean(),
});

const KEPT = v.object({
  schema: v.literal(1),
  /** Origin of the login that is meant when no control is named. */
  current: v.nullable(v.string()),
  logins: v.array(LOGIN),
});

export type Login = v.InferOutput<typeof LOGIN>;
export type KeptLogins = v.InferOutput<typeof KEPT>;

type Given = Readonly<Record<string, unknown>>;

const BYTES_MAX = 262_144;
const LOGINS_MAX = 100;
const TOKEN = /^[\x21-\x7e]{8,512}$/;
const LOOPBACK = /^http:\/\/(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?$/;

/** Who asks which control. Throws UsageError and, when no control is known, ERR_UNAUTHORIZED. */
export function readAccount(given: Given, env: NodeJS.ProcessEnv = process.env): Account {
  const kept = readLogins();
  const named = optionText(given, 'control') ?? nonEmpty(env['FLINT_CONTROL']);
  const origin = named === null ? kept.current : parseOrigin(named);
  if (origin === null) {
    throw new ProbeError(
      'ERR_UNAUTHORIZED',
      'no control is known: log in with flint fleet login https://control.example',
    );
  }
  const login = kept.logins.find((one) => one.origin === origin);
  checkScheme(origin, given['insecureHttp'] === true || login?.insecureHttp === true);
  const token = nonEmpty(env['FLINT_TOKEN']);
  return {
    origin,
    token: token === null ? (login?.token ?? null) : checkToken(token, 'FLINT_TOKEN'),
    caFile: caFileOf(given) ?? login?.caFile ?? null,
  };
}

/** The origin of a control as people write it. */
export function parseOrigin(written: string): string {
  const origin = originOf(written);
  if (origin !== null) return origin;
  const isBare = originOf(`https://${written}`) !== null;
  const hint = isBare ? `; did you mean https://${written}?` : '';
  throw new UsageError(
    `expected the URL of a control such as https://control.example, without a path, ` +
      `got "${written}"${hint}`,
  );
}

/** A token must not cross a network in the clear. */
export function checkScheme(origin: string, isInsecureGiven: boolean): void {
  if (origin.startsWith('https://') || LOOPBACK.test(origin) || isInsecureGiven) return;
  throw new UsageError(
    `${origin} is not encrypted, and everyone on the way could read the token: use https://, ` +
      'or add --insecure-http if that is what you want',
  );
}

/** What a header can carry. */
export function checkToken(token: string, from: string): string {
  if (TOKEN.test(token)) return token;
  const got = token === '' ? 'nothing' : `${token.length} characters that are none`;
  throw new UsageError(`${from}: expected an API token such as flint_pat_…, got ${got}`);
}

export function caFileOf(given: Given): string | null {
  const file = optionText(given, 'ca');
  return file === null ? null : path.resolve(file);
}

export function optionText(given: Given, name: string): string | null {
  const value = given[name];
  return typeof value === 'string' ? value : null;
}

/** Where logins are kept. */
export function loginsFile(): string {
  return path.join(configDirectory(ownPlaceRequest()), 'fleet.json');
}

export function readLogins(): KeptLogins {
  const file = loginsFile();
  const uid = process.getuid?.();
  const text = readWhole(file, {
    bytesMax: BYTES_MAX,
    ...(uid === undefined ? {} : { owners: [uid] }),
  });
  if (text === null) return { schema: 1, current: null, logins: [] };
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), KEPT), text);
  if (read.success) return read.output;
  throw new ProbeError(
    'ERR_CONFIG_INVALID',
    `${file}: ${read.issues[0].message}: remove it and log in again with flint fleet login URL`,
  );
}

/** Keeps a login and makes its control the one that is meant; the newest come first. */
export function keepLogin(login: Login): void {
  const others = readLogins().logins.filter(({ origin }) => origin !== login.origin);
  save({ schema: 1, current: login.origin, logins: [login, ...others].slice(0, LOGINS_MAX) });
}

/** Forgets the login at a control; the newest of the others is meant from then on. */
export function forgetLogin(origin: string): void {
  const kept = readLogins();
  const logins = kept.logins.filter((one) => one.origin !== origin);
  if (logins.length === 0) {
    removeWhole(loginsFile());
    return;
  }
  const current = kept.current === origin ? (logins[0]?.origin ?? null) : kept.current;
  save({ schema: 1, current, logins });
}

function save(kept: KeptLogins): void {
  writeWhole(loginsFile(), `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
}

function nonEmpty(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
