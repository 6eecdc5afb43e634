import { createHash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { JudgedDates } from './clock.ts';

const fs = process.getBuiltinModule('node:fs');
const tls = process.getBuiltinModule('node:tls');

import { ProbeError } from '../core/error.ts';
import { readGiven, reasonOf } from './places.ts';

// Whom the board believes to be its control: whoever shows a certificate of an authority (the
// system's, or those of one file), or the owner of a pinned key, or both. OpenSSL judges that, but
// for one case: to a board whose clock stands in 1970 no certificate is valid yet, and OpenSSL then
// names only the last fault it found, so that "not yet valid" may hide "from nobody I know". There
// the chain is walked here, link by link, with the dates left out.

export interface Trust {
  /** PEM of the authorities; null for those that Node brings. */
  authorities: string | null;
  /** False where pins alone decide. */
  needsChain: boolean;
  pins: readonly string[];
  /** Asked at each connection. */
  judgedDates(): JudgedDates;
  nowMs(): number;
}

export type Judgement = { ok: true } | { ok: false; message: string };

const BUNDLE_BYTES_MAX = 4 << 20;
const CHAIN_LENGTH_MAX = 8;
const CLOCK_OFF_MS_MAX = 60_000;
const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1';
/** OBJECT IDENTIFIER 2.5.29.30 in DER: name constraints, which only OpenSSL can judge. */
const NAME_CONSTRAINTS = Buffer.from('0603551d1e', 'hex');
/** Where systems keep the authorities that their owner trusts. */
const BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/certs/ca-bundle.crt'];

/** PEM of the authorities: of the file, else of the system. Throws ERR_CONFIG_INVALID. */
export function loadAuthorities(caFile: string | null): string | null {
  if (caFile !== null) return readAuthorities(caFile);
  const named = process.env['SSL_CERT_FILE'];
  const bundle = [...(named === undefined ? [] : [named]), ...BUNDLES].find((file) =>
    fs.existsSync(file),
  );
  return bundle === undefined ? null : readGiven(bundle, BUNDLE_BYTES_MAX);
}

/** Holds all authorities: made once. Throws ERR_CONFIG_INVALID. */
export function openContext(authorities: string | null): import('node:tls').SecureContext {
  try {
    return tls.createSecureContext({
      minVersion: 'TLSv1.2',
      ...(authorities === null ? {} : { ca: authorities }),
    });
  } catch (cause) {
    throw new ProbeError(
      'ERR_CONFIG_INVALID',
      `the certificates of the authorities cannot be used: ${reasonOf(cause)}`,
      { cause },
    );
  }
}

// Node passes over what it cannot read, and then nobody is believed.
function readAuthorities(caFile: string): string {
  const pem = readGiven(caFile, BUNDLE_BYTES_MAX);
  if (parseAuthorities(pem).length > 0) return pem;
  throw new ProbeError('ERR_CONFIG_INVALID', `${caFile} holds no certificate in PEM`);
}

/** `sha256/…` of the public key of a certificate. */
export function pinOf(certificate: X509Certificate): string {
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return `sha256/${createHash('sha256').update(spki).digest('base64')}`;
}

/** Judges who is at the other end; `host` is whom we meant. Before anything is sent. */
export function judgePeer(socket: TLSSocket, host: string, trust: Trust): Judgement {
  const chain = chainOf(socket);
  const [leaf] = chain;
  if (leaf === undefined) return refuse('the control showed no certificate');
  if (trust.pins.length > 0 && !trust.pins.includes(pinOf(leaf))) {
    return refuse(`the key of the control, ${pinOf(leaf)}, is none of those that are pinned here`);
  }
  if (!trust.needsChain) return judgeDates([leaf], trust);
  if (socket.authorized) return { ok: true };
  const fault = String(socket.authorizationError ?? 'unknown');
  if (!isDateFault(fault) || isClockRight(trust)) return refuse(explain(fault));
  return judgeChain(chain, host, trust);
}

function isDateFault(fault: string): boolean {
  return fault === 'CERT_NOT_YET_VALID' || fault === 'CERT_HAS_EXPIRED';
}

// Then OpenSSL, which knows the system's clock alone, has judged by the right one.
function isClockRight(trust: Trust): boolean {
  return trust.judgedDates() === 'both' && Math.abs(trust.nowMs() - Date.now()) < CLOCK_OFF_MS_MAX;
}

// What the peer sent, its own first; linked by name, which proves nothing yet.
function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: import('node:tls').DetailedPeerCertificate | undefined =
    socket.getPeerCertificate(true);
  while (next?.raw !== undefined && chain.length < CHAIN_LENGTH_MAX) {
    const certificate = new X509Certificate(next.raw);
    // A root names itself.
    if (chain.some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256)) break;
    chain.push(certificate);
    next = next.issuerCertificate;
  }
  return chain;
}

function judgeChain(chain: readonly X509Certificate[], host: string, trust: Trust): Judgement {
  const [leaf] = chain;
  if (leaf === undefined) return refuse('the control showed no certificate');
  const misnamed = tls.checkServerIdentity(host, leaf.toLegacyObject());
  if (misnamed !== undefined) return refuse(explain('ERR_TLS_CERT_ALTNAME_INVALID'));
  // Extended key usage; a certificate without serves for all (RFC 5280 §4.2.1.12).
  const usages = leaf.keyUsage as readonly string[] | undefined;
  if (usages !== undefined && !usages.includes(SERVER_AUTHENTICATION)) {
    return refuse('the certificate is not for servers');
  }
  return walk(chain, trust);
}

// Upwards until an authority that is trusted has signed.
function walk(chain: readonly X509Certificate[], trust: Trust): Judgement {
  const roots = parseAuthorities(trust.authorities ?? tls.rootCertificates.join('\n'));
  for (const [index, certificate] of chain.entries()) {
    const passed = chain.slice(0, index + 1);
    if (roots.some((root) => root.raw.equals(certificate.raw))) return judgePath(passed, trust);
    const root = roots.find((one) => isIssuedBy(certificate, one));
    if (root !== undefined) return judgePath([...passed, root], trust);
    const issuer = chain[index + 1];
    if (issuer === undefined || !isIssuedBy(certificate, issuer)) break;
  }
  return refuse(explain('UNABLE_TO_GET_ISSUER_CERT_LOCALLY'));
}

function judgePath(path: readonly X509Certificate[], trust: Trust): Judgement {
  if (path.some(({ raw }) => raw.includes(NAME_CONSTRAINTS))) {
    return refuse('an authority of limited names cannot be judged before the clock is set');
  }
  return judgeDates(path, trust);
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function parseAuthorities(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

function judgeDates(certificates: readonly X509Certificate[], trust: Trust): Judgement {
  return isDateWrong(certificates, trust)
    ? refuse(
        `a certificate of the control is not valid at ${new Date(trust.nowMs()).toISOString()}: ` +
          'renew it, or set the clock of this machine',
      )
    : { ok: true };
}

function isDateWrong(certificates: readonly X509Certificate[], trust: Trust): boolean {
  const dates = trust.judgedDates();
  const nowMs = trust.nowMs();
  return certificates.some(({ validFrom, validTo }) => {
    if (dates !== 'none' && !(nowMs <= Date.parse(validTo))) return true;
    return dates === 'both' && !(nowMs >= Date.parse(validFrom));
  });
}

function explain(fault: string): string {
  const what = FAULTS[fault] ?? fault;
  return `the certificate of the control is not believed: ${what}`;
}

const FAULTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet: is the clock of this machine right?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself: name it as caFile, or pin its key',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not known here: name it as caFile',
  UNABLE_TO_GET_ISSUER_CERT: 'its authority is not known here: name it as caFile',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not known here: name it as caFile',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not known here: name it as caFile',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another name',
};

function refuse(message: string): Judgement {
  return { ok: false, message };
}
