import { is, match, not } from 'uvu/assert';
import { setView } from '../../../src/control/page/set-view.ts';
import type { MeasurementSet } from '../../../src/core/fleet-sets.ts';
import { suite } from '../../helper.ts';

const SET: MeasurementSet = {
  id: 'basics',
  title: 'Basics',
  note: 'What everybody runs.',
  measurements: {
    smokeping: { interval: '2s', targets: ['@gateway', { host: 'a.example', interval: '10s' }] },
    path: { enable: false },
  },
  assignments: [{ scope: 'all', value: '' }],
  probes: 3,
  createdMs: 0,
  changedMs: 0,
};

async function view(change: Partial<MeasurementSet> = {}): Promise<string> {
  return String(await setView({ ...SET, ...change }));
}

suite('page-set-view', (s) => {
  s.test('each kind has its settings and a line for each target', async () => {
    const page = await view();

    match(page, 'Assigned to: all probes. What everybody runs.');
    match(page, '<h2>Latency and loss</h2><p class="lead">interval 2s</p>');
    match(page, '<code>@gateway</code>');
    match(page, /<code>a\.example .*10s/);
    match(page, '<h2>Paths</h2><p class="lead">enable false</p><p class="lead">No target.</p>');
    not.match(page, '<pre');
  });

  s.test('what a line cannot say, and kinds of a later version, are shown whole', async () => {
    const labels = { site: '<b>x</b>' };
    const page = await view({
      measurements: { telepathy: { far: 1 }, smokeping: { targets: [{ host: 'a', labels }] } },
    });

    match(page, '<h2>telepathy</h2><pre');
    not.match(page, '<b>x</b>');
  });

  s.test('a set of nothing, for nobody, says so', async () => {
    const page = await view({ measurements: {}, assignments: [], note: '' });

    match(page, 'Assigned to: nobody.');
    match(page, 'It measures nothing yet.');
    is(page.includes('<h2>'), false);
  });
});
