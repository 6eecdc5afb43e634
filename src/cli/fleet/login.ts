// `flint fleet login` and `logout`. A password is used once, to make an API token that is named
// after this machine; only the token is kept, and logging out ends it at the control.
import * as v from 'valibot';
import { EXIT, UsageError } from '../command.ts';
import {
  caFileOf,
  checkScheme,
  checkToken,
  forgetLogin,
  keepLogin,
  type Login,
  loginsFile,
  optionText,
  parseOrigin,
  readAccount,
  readLogins,
} from './account.ts';
import { askSecret, canAsk, readPiped } from './ask.ts';
import { openClient } from './client.ts';
import { type Options, readAnswer, readValue } from './fleet.ts';
import { openView, type View } from './text.ts';

const os = process.getBuiltinModule('node:os');

/** `flint fleet login URL` */
export async function runLogin(words: readonly string[], options: Options): Promise<number> {
  const origin = parseOrigin(words[0] ?? '');
  const isInsecureGiven = options['insecureHttp'] === true;
  checkScheme(origin, isInsecureGiven);
  const place = { origin, caFile: caFileOf(options) };
  const before = readLogins().logins.find((one) => one.origin === origin) ?? null;
  const made =
    options['tokenStdin'] === true ? await takeToken(place) : await makeToken(place, options);
  await keep({ ...place, insecureHttp: isInsecureGiven, ...made.login });
  if (before !== null && before.token !== made.login.token) await endToken(before);
  const view = openView(process.stdout);
  const { user } = made.login;
  if (options['json'] === true) view.json({ origin, user, role: made.role });
  else view.line(`logged in at ${origin} as ${user} (${made.role}); ${loginsFile()} keeps it`);
  return EXIT.ok;
}

/** `flint fleet logout` */
export async function runLogout(_words: readonly string[], options: Options): Promise<number> {
  // Whose token is in the environment, his it stays.
  const { origin } = readAccount(options, { FLINT_CONTROL: process.env['FLINT_CONTROL'] });
  const view = openView(process.stdout);
  const login = readLogins().logins.find((one) => one.origin === origin);
  if (login === undefined) {
    process.stderr.write(`flint: nobody is logged in at ${origin}\n`);
    return EXIT.trouble;
  }
  const refusal = await endToken(login);
  forgetLogin(origin);
  if (options['json'] === true) view.json({ origin, isTokenEnded: refusal === null });
  else tellLogout(view, login, refusal);
  return refusal === null || login.tokenId === null ? EXIT.ok : EXIT.trouble;
}

interface Place {
  origin: string;
  caFile: string | null;
}

interface Made {
  login: Pick<Login, 'user' | 'token' | 'tokenId'>;
  role: string;
}

const SESSION = v.object({ name: v.string(), role: v.string(), csrf: v.optional(v.string(), '') });
const TOKEN_MADE = v.object({ id: v.number(), token: v.string() });
const LABEL_MAX = 100;

async function takeToken(place: Place): Promise<Made> {
  const text = (await readPiped('an API token', 4096)).trim();
  const token = checkToken(text, 'standard input');
  const call = { method: 'GET', path: '/session', what: 'log in', isLogin: true } as const;
  const client = openClient({ ...place, token });
  const { value } = await readAnswer({ client }, call, SESSION);
  return { login: { user: value.name, token, tokenId: null }, role: value.role };
}

async function makeToken(place: Place, options: Options): Promise<Made> {
  const name = optionText(options, 'name') ?? os.userInfo().username;
  const client = openClient({ ...place, token: null });
  const password = await askPassword(name, place.origin);
  const what = `log in as ${name}`;
  const body = { name, password };
  const login = { method: 'POST', path: '/login', body, what, isLogin: true } as const;
  const entry = await client.call(login);
  const session = readValue({ client }, { what }, SESSION, entry.body);
  const headers = {
    cookie: entry.cookies.map((cookie) => cookie.split(';')[0] ?? '').join('; '),
    'x-csrf-token': session.csrf,
  };
  const label = `flint fleet on ${os.hostname()}`.slice(0, LABEL_MAX);
  const call = { method: 'POST', path: '/tokens', headers, body: { label }, what } as const;
  const { value } = await readAnswer({ client }, call, TOKEN_MADE);
  await client.call({ method: 'POST', path: '/logout', headers, body: {}, what });
  const user = session.name;
  const token = checkToken(value.token, 'the control');
  return { login: { user, token, tokenId: value.id }, role: session.role };
}

async function askPassword(name: string, origin: string): Promise<string> {
  if (!canAsk()) {
    throw new UsageError(
      'there is no terminal to ask for a password on: give an API token with --token-stdin',
    );
  }
  const password = await askSecret(`Password of ${name} at ${origin}:`);
  if (password !== null && password !== '') return password;
  throw new UsageError('no password was given; nothing was changed');
}

/** A token that cannot be kept is ended: nobody would know of it. */
async function keep(login: Login): Promise<void> {
  try {
    keepLogin(login);
  } catch (error) {
    await endToken(login);
    throw error;
  }
}

/** Why it could not be ended; null when it was. */
async function endToken({ tokenId, ...login }: Login): Promise<string | null> {
  if (tokenId === null) return 'the token was made elsewhere and lives on';
  try {
    const path = `/tokens/${tokenId}`;
    await openClient(login).call({ method: 'DELETE', path, what: `end token ${tokenId}` });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function tellLogout(view: View, { origin, user, tokenId }: Login, refusal: string | null): void {
  view.line(`logged out ${user} at ${origin}`);
  if (refusal === null) return;
  const id = tokenId === null ? 'it' : `token ${tokenId}`;
  process.stderr.write(`flint: ${refusal}; ${id} can be ended on the page of the control\n`);
}
