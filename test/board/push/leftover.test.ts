import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import * as v from 'valibot';
import { partOpeners } from '../../../src/board/agent-openers.ts';
import { openLeftover } from '../../../src/board/push/leftover.ts';
import { openPushPart } from '../../../src/board/push/part.ts';
import { type PushPlaces, pushPlaces } from '../../../src/board/push/places.ts';
import { PUSH_SETTINGS } from '../../../src/board/push/settings.ts';
import { suite } from '../../helper.ts';
import { settingsFor } from '../agents.ts';
import { type BoardPlace, inPlace } from '../place.ts';
import { makeContext } from './context.ts';

const ENV = ['vmagentEnv', 'relayEnv'] as const;

interface Left {
  place: BoardPlace;
  places: PushPlaces;
  /** PATH with a systemctl in front, to which both units are active. */
  env: NodeJS.ProcessEnv;
  stopped(): string[];
}

/** What an agent leaves that had systemd run both. */
function withUnits(run: (left: Left) => Promise<void>, code = 0): Promise<void> {
  return inPlace(async (place) => {
    const places = pushPlaces(place.state, place.run);
    mkdirSync(places.run, { recursive: true });
    for (const name of ENV) writeFileSync(places[name], 'A="b"\n');
    const told = join(place.directory, 'told');
    const bin = join(place.directory, 'bin');
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'systemctl'),
      `#!/bin/sh\ncase "$2" in show) echo ActiveState=active ;; stop) echo "$3" >> ${told};` +
        ` exit ${code} ;; esac\n`,
    );
    chmodSync(join(bin, 'systemctl'), 0o755);
    const stopped = (): string[] =>
      existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : [];
    await run({ place, places, env: { PATH: `${bin}:${process.env['PATH']}` }, stopped });
  });
}

const UNITS = ['flint-vmagent.service', 'flint-push-relay.service'];

suite('push-leftover', ({ test }) => {
  test('a push that is switched off, or named no more, ends where systemd runs it', async () => {
    const off = v.parse(PUSH_SETTINGS, { enable: false, url: 'http://127.0.0.1:9/' });
    for (const push of [off, null]) {
      await withUnits(async ({ place, places, env, stopped }) => {
        const openers = partOpeners({ ...place, configDirectory: place.directory });
        const settings = settingsFor('https://control.example', { push });
        const part = await openers.push(settings, makeContext(place.log, { env }))?.();
        is((await part?.step())?.state, null);
        equal(stopped(), UNITS);
        equal(
          ENV.map((name) => existsSync(places[name])),
          [false, false],
        );
        await part?.close();
        is(openers.push(settings, makeContext(place.log, { env })), null);
      });
    }
  });

  test('one that cannot be stopped is told', () =>
    withUnits(async ({ place, places, env }) => {
      const part = openLeftover({ context: makeContext(place.log, { env }), places });
      const { state } = await part.step();
      is(state?.state, 'down');
      match(state?.reason ?? '', /^the former push goes on: systemctl stop flint-vmagent/);
      is((await part.step()).state?.state, 'down');
      is(existsSync(places.vmagentEnv), true);
      await part.close();
    }, 1));

  test('vmagent becomes our child only when that of systemd has ended', () =>
    withUnits(async ({ place, places, env, stopped }) => {
      for (const [supervise, reason, ended] of [
        ['auto', /flint-vmagent\.service pushes already/, []],
        ['child', /there is no bearer/, UNITS],
      ] as const) {
        const url = 'http://127.0.0.1:9/';
        const settings = v.parse(PUSH_SETTINGS, {
          url,
          supervise,
          program: '/bin/true',
          user: 'nobody',
        });
        const context = makeContext(place.log, { env });
        const configDirectory = place.directory;
        const part = openPushPart({ settings, context, places, configDirectory });
        match((await part.step()).state?.reason ?? '', reason);
        equal(stopped(), ended);
        await part.close();
      }
    }));
});
