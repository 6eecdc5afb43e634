// What fleets are made of in tests: boards that asked, and probes that reported (see report-lab.ts
// for what they say).
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { listProbes } from '../../src/control/fleet/list.ts';
import { addProbe } from '../../src/control/fleet/probes.ts';
import type { ControlContext } from '../../src/control/request/context.ts';
import { PROBE_INPUT, PROBES_QUERY } from '../../src/core/fleet.ts';
import type { Report } from '../../src/core/report.ts';
import { judgeReport } from '../../src/core/report-judge.ts';
import { type Lab, type LabOptions, openLab, SYSTEM } from './lab.ts';

/** A key by its number, as a board would have made it. */
export function keyOf(seed: number): { publicKey: string; fingerprint: string } {
  const digits = seed.toString(16).padStart(20, '0');
  return {
    publicKey: String(seed).padStart(43, 'k'),
    fingerprint: (digits.match(/.{4}/g) ?? []).join(' '),
  };
}

/** A board with this key asks to be the probe, and waits. */
export async function askToBe(
  context: ControlContext,
  name: string,
  seed: number,
): Promise<string> {
  const key = keyOf(seed);
  await context.store.write(async (db) => {
    const { id } = await db
      .selectFrom('probes')
      .select('id')
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    await db
      .insertInto('candidates')
      .values({ probeId: id, ...key, ...SEEN, sshHostKey: 'ssh-ed25519 AAAA', ...timesOf(context) })
      .execute();
  });
  return key.fingerprint;
}

/** A board whose MAC nobody registered asks; its id. */
export async function askUnknown(
  context: ControlContext,
  mac: string,
  seed: number,
): Promise<number> {
  const row = { mac, ...keyOf(seed), ...SEEN, sourcePrefix: '192.0.2.0/24', ...timesOf(context) };
  return await context.store.write(async (db) => {
    const { id } = await db
      .insertInto('boards')
      .values(row)
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  });
}

/** The probe says this now. */
export async function say(context: ControlContext, name: string, report: Report): Promise<void> {
  await context.store.write(async (db) => {
    const { id } = await db
      .selectFrom('probes')
      .select('id')
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    const row = {
      seenMs: context.nowMs(),
      seenFrom: '192.0.2.7',
      version: report.probe?.version ?? report.agent.version,
      bootId: report.agent.bootId,
      badness: judgeReport(report).badness,
      report: JSON.stringify(report),
    };
    await db
      .insertInto('probe_states')
      .values({ probeId: id, ...row })
      .onConflict((conflict) => conflict.column('probeId').doUpdateSet(row))
      .execute();
  });
}

const SEEN = { model: 'Board', hardware: 'generic', version: '0.2.0', seenFrom: '192.0.2.7' };

function timesOf(context: ControlContext) {
  return { firstMs: context.nowMs(), lastMs: context.nowMs(), attempts: 1 };
}

export function macOf(number: number): string {
  const digits = number.toString(16).padStart(6, '0');
  return `02:00:5e:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`;
}

/** Registers a probe; the name is given unless there is one. */
export async function add(context: ControlContext, input: v.InferInput<typeof PROBE_INPUT>) {
  return await addProbe(context, SYSTEM, v.parse(PROBE_INPUT, input));
}

export async function find(context: ControlContext, query: v.InferInput<typeof PROBES_QUERY>) {
  return await listProbes(context, v.parse(PROBES_QUERY, query));
}

export async function audits(context: ControlContext) {
  return await context.store.db.selectFrom('audit').selectAll().orderBy('id').execute();
}

export async function inLab(work: (lab: Lab) => Promise<void>, options: LabOptions = {}) {
  const lab = await openLab(options);
  try {
    await work(lab);
  } finally {
    await lab.close();
  }
}

export async function refused(work: Promise<unknown>, code: string, message: RegExp) {
  try {
    await work;
  } catch (error) {
    assert.is((error as { code?: string }).code, code, String(error));
    assert.match((error as Error).message, message);
    return;
  }
  assert.unreachable(`expected ${code}`);
}
