// `flint fleet show`: one probe, as an operator asks for it on the telephone.
import { agentFaults, type BoardFault, boardFaults } from '../../core/board-faults.ts';
import type { MeshState } from '../../core/board-state.ts';
import { lockdownWords, MESH_NAMES, meshWords, pushWords } from '../../core/board-words.ts';
import { PROBE_DETAIL, type ProbeDetail } from '../../core/fleet.ts';
import { TROUBLE } from '../../core/report-judge.ts';
import { EXIT } from '../command.ts';
import { candidateTable } from './candidate-table.ts';
import type { Cell } from './columns.ts';
import { eventTable } from './event-table.ts';
import { type Fleet, type Options, openFleet, type Reading, readAnswer, slug } from './fleet.ts';
import { ago, counted, healthCell, moment } from './text.ts';

export async function runShow(words: readonly string[], options: Options): Promise<number> {
  const name = slug(words[0], 'the name of a probe');
  const fleet = openFleet(options);
  const { value, raw, nowMs } = await readProbe(fleet, name);
  if (fleet.isJson) fleet.view.json(raw);
  else showProbe(fleet, value, nowMs);
  return EXIT.ok;
}

export function readProbe(fleet: Fleet, name: string): Promise<Reading<ProbeDetail>> {
  const call = { method: 'GET', path: `/probes/${name}`, what: `show ${name}` } as const;
  return readAnswer(fleet, call, PROBE_DETAIL);
}

const EVENTS_SHOWN = 20;

function showProbe(fleet: Fleet, probe: ProbeDetail, nowMs: number): void {
  const { view } = fleet;
  view.line({ text: probe.name, colour: 'bold' });
  view.facts([
    ...stateFacts(probe, nowMs),
    ...boardFacts(probe),
    ...agentFacts(probe, nowMs),
    ...aboutFacts(probe, nowMs),
    ...configFacts(probe),
  ]);
  if (probe.candidates.length > 0) {
    view.line('');
    view.line(`${counted(probe.candidates.length, 'board')} waiting for approval:`);
    candidateTable(fleet, probe.candidates, nowMs);
  }
  showMeasured(fleet, probe);
  if (probe.events.length > 0) {
    view.line('');
    eventTable(fleet, probe.events.slice(0, EVENTS_SHOWN), nowMs);
  }
}

type Fact = readonly [string, string | Cell | null];

function stateFacts(probe: ProbeDetail, nowMs: number): Fact[] {
  const { health, reason, state, seenMs, seenFrom, boundMs, disabledMs } = probe;
  const since = disabledMs ?? boundMs;
  const from = seenFrom === null ? '' : ` from ${seenFrom}`;
  return [
    ['health', { ...healthCell(health), text: reason === '' ? health : `${health}: ${reason}` }],
    ['state', since === null ? state : `${state} since ${moment(since, nowMs)}`],
    ['seen', seenMs === null ? 'never' : `${ago(seenMs, nowMs)}${from}`],
    ['clock', clockText(probe)],
  ];
}

/** Of what its agent looks after; what is wrong with it, and what to do. */
function boardFacts({ board }: ProbeDetail): Fact[] {
  if (board === null) return [];
  const faults = boardFaults(board);
  const fact = (part: BoardFault['part'], text: string): Fact => {
    const fault = faults.find((one) => one.part === part);
    if (fault === undefined) return [part, text];
    const colour = fault.badness >= TROUBLE ? 'red' : 'yellow';
    return [part, { text: `${text}: ${fault.reason}. ${fault.advice}`, colour }];
  };
  const { mesh, lockdown, push } = board;
  return [
    ...(mesh === null ? [] : [fact('mesh', meshText(mesh))]),
    ...(lockdown === null ? [] : [fact('lockdown', lockdownWords(lockdown).short)]),
    ...(push === null ? [] : [fact('push', pushWords(push).short)]),
  ];
}

/** What its agent failed at, and since when; nothing while all goes well. */
function agentFacts({ agent }: ProbeDetail, nowMs: number): Fact[] {
  return agentFaults(agent).map(({ badness, reason, advice }) => {
    const since = agent === null ? '' : ` (heard first ${ago(agent.sinceMs, nowMs)})`;
    const colour = badness >= TROUBLE ? 'red' : 'yellow';
    return ['agent', { text: `${reason}${since}. ${advice}`, colour }];
  });
}

function meshText(mesh: MeshState): string {
  const { short } = meshWords(mesh);
  const address = mesh.address === null ? '' : `, ${mesh.address}`;
  return `${MESH_NAMES[mesh.kind]}, ${short}${address}`;
}

function clockText({ clock }: ProbeDetail): string | null {
  if (clock === null) return null;
  if (clock.offsetNs === null) return clock.state;
  return `${clock.state}, off by ${(clock.offsetNs / 1e6).toFixed(1)} ms`;
}

function aboutFacts(probe: ProbeDetail, nowMs: number): Fact[] {
  return [
    ['MAC', probe.mac],
    ['address', probe.address],
    ['hardware', probe.model === null ? probe.hardware : `${probe.hardware} (${probe.model})`],
    ['version', probe.version],
    ['location', orNull(probe.location)],
    ['contact', orNull(probe.contact)],
    ['groups', orNull(probe.groups.join(', '))],
    ['tags', orNull(probe.tags.join(', '))],
    ['note', orNull(probe.note)],
    ['registered', moment(probe.createdMs, nowMs)],
    ['fingerprint', probe.fingerprint],
    ['SSH host key', probe.sshHostKey],
  ];
}

function configFacts({ config, sets, agent }: ProbeDetail): Fact[] {
  const isCurrent = config.etag === config.wantedEtag;
  const older = agent?.isBehind === true ? 'an older one: see agent' : 'an older one';
  const running = isCurrent ? 'current' : config.etag === null ? 'none yet' : older;
  return [
    ['sets', sets.length === 0 ? 'none' : sets.join(', ')],
    ['configuration', running],
    ['refused', config.error === null ? null : { text: config.error, colour: 'red' }],
    ['unsupported', orNull(config.unsupported.join(', '))],
    ['held back', orNull(config.capped.join('; '))],
  ];
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}

function showMeasured({ view }: Fleet, { measured, paths }: ProbeDetail): void {
  if (measured.length > 0) {
    view.line('');
    view.table(
      [
        { head: 'TARGET', widthMin: 12 },
        { head: 'FAMILY' },
        { head: 'ADDRESS', rank: 1 },
        { head: 'STATE' },
        { head: 'WHY', widthMin: 12 },
      ],
      [...measured]
        .sort((a, b) => Number(a.state === 'measuring') - Number(b.state === 'measuring'))
        .map(({ target, family, ip, state, reason }) => [
          target,
          family,
          ip ?? '',
          { text: state, colour: state === 'measuring' ? 'green' : 'red' },
          reason ?? '',
        ]),
    );
  }
  if (paths.length === 0) return;
  view.line('');
  view.table(
    [
      { head: 'PATH TO', widthMin: 12 },
      { head: 'FAMILY' },
      { head: 'PROTOCOL' },
      { head: 'STATE' },
      { head: 'HOPS', isRight: true },
    ],
    paths.map(({ target, family, protocol, state, hops }) => {
      return [target, family, protocol, state, state === 'tracing' ? String(hops.length) : ''];
    }),
  );
}
