import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { equal, match, ok } from 'uvu/assert';
import { loadSettings } from '../../../src/board/agent-config.ts';
import {
  judgeMachine,
  lookAtMachine,
  type MachineFacts,
} from '../../../src/board/install/machine.ts';
import { suite } from '../../helper.ts';
import { inScratch, type Scratch } from './scratch.ts';

const GOOD: MachineFacts = {
  node: { file: '/usr/bin/node', version: '20.19.0' },
  ...{ systemdVersion: 252, isRunning: true, programs: new Map(), unwanted: [] },
};

function settingsOf({ root, write }: Scratch, sections: object) {
  const file = join(root, 'agent.json');
  write(file, JSON.stringify({ schema: 1, control: 'https://c.example', ...sections }));
  return loadSettings(file, true);
}

suite('board/install/machine', ({ test }) => {
  test('a machine with all there is to have lacks nothing', () =>
    equal(judgeMachine(GOOD, null), []));

  test('a Node that services cannot run is fatal', () => {
    const judged = (file: string, version: string) =>
      judgeMachine({ ...GOOD, node: { file, version } }, null).map(
        ({ finding, isFatal }) => `${isFatal} ${finding}`,
      );
    match(judged('/usr/bin/node', '18.20.4').join(), /true .*18\.20\.4, and 20\.19 is needed/);
    match(judged('/usr/bin/node', '20.18.9').join(), /true/);
    equal(judged('/usr/bin/node', '22.0.0'), []);
    match(judged('/bin/false', '').join(), /true .*no Node that runs/);
    const home = ['', 'home', 'anna', '.nvm', 'node'].join('/');
    match(judged(home, '20.19.0').join(), /true .*lies where services do not reach/);
  });

  test('without systemd, or in an image, it is said that nothing starts', () => {
    const none = judgeMachine({ ...GOOD, systemdVersion: 0, isRunning: false }, null);
    match(none[0]?.finding ?? '', /there is none/);
    const image = judgeMachine({ ...GOOD, isRunning: false }, null);
    match(image[0]?.finding ?? '', /nothing is started now/);
    equal(
      [...none, ...image].some(({ isFatal }) => isFatal),
      false,
    );
  });

  test('each part of the agent asks for its programs, and only when it is wanted', () =>
    inScratch((scratch) => {
      const names = (sections: object, facts = GOOD) =>
        judgeMachine(facts, settingsOf(scratch, sections)).map(({ name }) => name);
      const loginServer = 'https://headscale.example';
      const push = { url: 'http://[fd00::1]/write' };
      equal(names({}), []);
      equal(names({ lockdown: { enable: false } }), []);
      equal(names({ lockdown: {} }), ['nft', '/etc/protocols']);
      equal(names({ push }), ['vmagent', 'prometheus-node-exporter']);
      equal(names({ push: { ...push, nodeExporter: null } }), ['vmagent']);
      equal(names({ tailnet: { kind: 'tailscale', loginServer } }), ['tailscaled', 'ip']);
      const programs = new Map([
        ['vmagent', '/usr/bin/vmagent'],
        ['prometheus-node-exporter', '/usr/bin/prometheus-node-exporter'],
      ]);
      const unwanted = ['victoria-metrics'];
      equal(names({ push }, { ...GOOD, programs, unwanted }), ['victoria-metrics']);
    }));

  test('programs and services are looked for in the tree that is meant', () =>
    inScratch(async ({ root, write }) => {
      write(join(root, 'usr/bin/vmagent'), '#!/bin/sh\n');
      write(join(root, 'usr/bin/node'), '#!/bin/sh\necho v21.1.0\n');
      for (const name of ['vmagent', 'node']) chmodSync(join(root, 'usr/bin', name), 0o755);
      const wants = join(root, 'etc/systemd/system/multi-user.target.wants');
      mkdirSync(wants, { recursive: true });
      write(join(root, 'lib/victoria-metrics.service'), '');
      symlinkSync(
        join(root, 'lib/victoria-metrics.service'),
        join(wants, 'victoria-metrics.service'),
      );
      const facts = await lookAtMachine(root, '/usr/bin/node', process.env);
      equal([...facts.programs], [['vmagent', '/usr/bin/vmagent']]);
      equal(facts.unwanted, ['victoria-metrics']);
      equal(facts.node, { file: '/usr/bin/node', version: '21.1.0' });
      equal(facts.isRunning, false);
      const strange = await lookAtMachine(root, '/usr/bin/none', process.env);
      ok(judgeMachine(strange, null).some(({ isFatal }) => isFatal));
    }));
});
