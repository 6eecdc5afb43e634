import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { readFacts } from '../../src/board/facts.ts';
import { ensureIdentity } from '../../src/board/identity.ts';
import type { LockdownSettings } from '../../src/board/lockdown/settings.ts';
import type { MeshSettings } from '../../src/board/mesh/settings.ts';
import { type PlanRequest, planLines } from '../../src/board/plan.ts';
import type { PushSettings } from '../../src/board/push/settings.ts';
import { suite } from '../helper.ts';
import { MAC, settingsFor } from './agents.ts';
import { type BoardPlace, inPlace } from './place.ts';

const TOKEN = 'flint_claim_verysecretindeed';
const CREDENTIALS = {
  control: 'https://control.example',
  probe: 'probe1',
  apiKey: `flint_probe_${'s'.repeat(43)}`,
  boundMs: 0,
};

function requestFor(place: BoardPlace, change: Partial<PlanRequest> = {}): PlanRequest {
  return {
    settings: settingsFor('https://control.example'),
    facts: readFacts({ mac: MAC, interface: null, hardware: null }, '1.2.3'),
    identity: null,
    credentials: null,
    places: place.places,
    env: {},
    clockCommand: null,
    isAgent: true,
    ...change,
  };
}

suite('board/plan', ({ test }) => {
  test('names all that a first start would send, write and run', () =>
    inPlace((place) => {
      const clockCommand = ['/bin/date', '-u', '-s'];
      const text = planLines(requestFor(place, { clockCommand })).join('\n');

      for (const part of [
        'control: https://control.example (authorities of the system)',
        `MAC: ${MAC} (as given)`,
        'POST /api/v1/enroll/challenge',
        'POST /api/v1/enroll, signed',
        'GET /api/v1/config',
        `would make ${place.places.identity} (0600)`,
        `would write ${place.places.credentials} (0600)`,
        `would write ${place.places.config}`,
        `would write ${place.places.handedConfig} (0644)`,
        '/bin/date -u -s @SECONDS',
        'claimToken: none',
      ]) {
        is(text.includes(part), true, part);
      }
    }));

  test('names the command that tells how each part would be looked after', () =>
    inPlace((place) => {
      const settings = settingsFor('https://control.example', {
        tailnet: { kind: 'wireguard', enable: true } as MeshSettings,
        lockdown: { enable: false } as LockdownSettings,
        push: { enable: true } as PushSettings,
      });
      const text = planLines(requestFor(place, { settings })).join('\n');
      match(text, '`flint wireguard up --dry-run` says how');
      match(text, '`flint push --dry-run` says how');
      not.match(text, 'lockdown');
      const alone = planLines(requestFor(place, { settings, isAgent: false })).join('\n');
      not.match(alone, 'flint push');
    }));

  test('an enrolment alone writes less, and runs nothing', () =>
    inPlace((place) => {
      const clockCommand = ['/bin/date', '-u', '-s'];
      const text = planLines(requestFor(place, { clockCommand, isAgent: false })).join('\n');

      not.match(text, /date|api\/v1\/config|config\.json/);
    }));

  test('shows no secret, only where it comes from', () =>
    inPlace((place) => {
      const file = join(place.directory, 'token');
      writeFileSync(file, TOKEN);
      const { identity } = ensureIdentity(place.places.identity);
      const pins = [`sha256/${'A'.repeat(43)}=`];
      for (const settings of [{ claimToken: TOKEN }, { claimTokenFile: file }]) {
        const request = requestFor(place, {
          settings: settingsFor('https://control.example', { ...settings, pins, caFile: '/a' }),
          identity,
          credentials: CREDENTIALS,
        });
        const text = planLines(request).join('\n');

        not.match(text, TOKEN);
        not.match(text, CREDENTIALS.apiKey);
        not.match(text, 'would make');
        match(text, /claimToken: \(that of /);
        match(text, `fingerprint: ${identity.fingerprint}`);
        match(text, `would replace ${place.places.credentials}`);
        match(text, 'authorities of /a and 1 pinned keys');
      }
    }));

  test('a token that cannot be read is a warning', () =>
    inPlace((place) => {
      const settings = settingsFor('http://127.0.0.1', { claimTokenFile: '/none/token' });
      const text = planLines(requestFor(place, { settings })).join('\n');

      match(text, /warning: the claim token is not sent: \/none\/token cannot be read/);
      match(text, 'this machine, without TLS');
    }));
});
