// What is known of a probe's board: mesh, lockdown, push.
import { html } from 'hono/html';
import { agentFaults, boardFaults } from '../../core/board-faults.ts';
import type { ProbeDetail } from '../../core/fleet.ts';
import { TROUBLE } from '../../core/report-judge.ts';
import { lockdownFacts, meshFacts, peerFacts, pushFacts } from '../../graph/board-facts.ts';
import type { Markup } from '../../graph/smoke.ts';
import { sentence } from '../../graph/text.ts';
import type { Notice } from './overview-words.ts';
import { ago } from './probe-words.ts';
import { card, factList } from './table.ts';

/** Null for a probe whose agent looks after none of them. */
export function boardCard({ board }: ProbeDetail, nowMs: number): Markup | null {
  if (board === null) return null;
  const { mesh, lockdown, push } = board;
  const facts = [
    ...(mesh === null ? [] : [...meshFacts(mesh, nowMs), ...peerFacts(mesh.peers, nowMs)]),
    ...(lockdown === null ? [] : lockdownFacts(lockdown, nowMs)),
    ...(push === null ? [] : pushFacts(push, nowMs)),
  ];
  return facts.length === 0 ? null : card('Its board', html`${factList(facts)}`, 'board');
}

export function boardNotices({ board, agent, state }: ProbeDetail, nowMs: number): Notice[] {
  if (state !== 'bound') return [];
  const ofAgent = agentFaults(agent).map(({ reason, advice }) => ({
    tone: 'warn' as const,
    title: sentence(reason),
    detail: html`Heard first ${agent === null ? '' : ago(agent.sinceMs, nowMs)}. ${advice}`,
  }));
  const ofBoard = boardFaults(board).map(({ badness, reason, advice }) => ({
    tone: badness >= TROUBLE ? ('warn' as const) : ('info' as const),
    title: sentence(reason),
    detail: advice,
  }));
  return [...ofAgent, ...ofBoard];
}
