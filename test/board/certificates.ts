// Authorities and certificates for the tests of TLS, made by the openssl of the system.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  key: string;
  cert: string;
}

/** Null when certificates can be made here, else what is missing. */
export function missingOpenssl(): string | null {
  const { status } = spawnSync('openssl', ['version']);
  return status === 0 ? null : 'there is no openssl here';
}

export interface Request {
  /** `DNS:localhost`, `IP:127.0.0.1` */
  names: string;
  /** Signs it; itself when null. */
  issuer: Certificate | null;
  isAuthority?: boolean;
  /** Of validity, from `startsMs`: 365 days from now when not said. */
  startsMs?: number;
  days?: number;
  /** More lines of the certificate's extensions. */
  extensions?: readonly string[];
}

export function makeCertificate(request: Request): Certificate {
  const directory = mkdtempSync(join(tmpdir(), 'flint-certificate-'));
  const path = (name: string): string => join(directory, name);
  try {
    writeFileSync(path('extensions'), extensionsOf(request).join('\n'));
    run('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path('key'));
    const role = request.isAuthority === true ? 'Authority' : 'Control';
    const subject = `/CN=${role} ${Math.random()}`;
    run('req', '-new', '-key', path('key'), '-subj', subject, '-out', path('request'));
    sign(request, path);
    return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('cert'), 'utf8') };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function extensionsOf({ names, isAuthority, extensions = [] }: Request): string[] {
  if (isAuthority === true) {
    return ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign', ...extensions];
  }
  return [`subjectAltName=${names}`, 'basicConstraints=critical,CA:FALSE', ...extensions];
}

// `openssl ca` alone can name the start of validity in every version.
function sign(
  { issuer, startsMs = Date.now() - 86_400_000, days = 365 }: Request,
  path: Path,
): void {
  const { key, cert } = issuer ?? { key: readFileSync(path('key'), 'utf8'), cert: null };
  writeFileSync(path('issuer.key'), key);
  if (cert !== null) writeFileSync(path('issuer.cert'), cert);
  writeFileSync(path('index'), '');
  writeFileSync(path('serial'), `${Math.floor(Math.random() * 1e9 + 1e9)}`);
  writeFileSync(
    path('config'),
    [
      '[ca]\ndefault_ca=us\n[us]',
      `database=${path('index')}\nserial=${path('serial')}\nnew_certs_dir=${path('.')}`,
      'default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n',
    ].join('\n'),
  );
  const signer =
    cert === null
      ? ['-selfsign', '-keyfile', path('issuer.key')]
      : ['-keyfile', path('issuer.key'), '-cert', path('issuer.cert')];
  run(
    ...['ca', '-batch', '-notext', '-config', path('config'), '-extfile', path('extensions')],
    ...['-startdate', stamp(startsMs), '-enddate', stamp(startsMs + days * 86_400_000)],
    ...[...signer, '-in', path('request'), '-out', path('cert')],
  );
}

type Path = (name: string) => string;

function stamp(ms: number): string {
  return `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
}

function run(...words: string[]): void {
  const { status, stderr } = spawnSync('openssl', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${words[0]}: ${stderr}`);
}
