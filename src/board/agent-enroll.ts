import { readDaemon } from './agent-report.ts';
import { type Agent, DONE, failed, type StepResult } from './agent-state.ts';
import { enrollBoard, introduction } from './board.ts';
import type { Failure } from './control-exchange.ts';
import { saveCredentials } from './credentials.ts';
import { reasonOf } from './places.ts';

export async function enrollStep(agent: Agent): Promise<StepResult> {
  const { state, voice, identity, clock, env, signal } = agent;
  readDaemon(agent);
  const enrolled = await enrollBoard({
    board: state.board,
    identity,
    clock,
    env,
    signal,
    warn: (message) => voice.trouble('claim', message),
  });
  if (!enrolled.ok) return notEnrolled(agent, enrolled);
  try {
    saveCredentials(agent.places.credentials, enrolled.credentials);
  } catch (error) {
    return failed(agent, 'enroll', `enrolled, but it cannot be kept: ${reasonOf(error)}`);
  }
  Object.assign(state, {
    credentials: enrolled.credentials,
    isUnknown: false,
    hasWorked: false,
  });
  const { probe, control } = enrolled.credentials;
  agent.log.info(`this board is probe ${probe} of ${control}`);
  for (const matter of ['enroll', 'key']) voice.forget(matter);
  return DONE;
}

function notEnrolled(agent: Agent, failure: Failure): StepResult {
  const { state, voice, identity } = agent;
  if (failure.kind === 'refused') {
    // The one thing that a person must do.
    voice.remind(
      'enroll',
      `waiting to be accepted; what the operator must do: ${introduction(state.board, identity)}`,
    );
    return { ok: false, retryAfterMs: failure.retryAfterMs };
  }
  const { control } = state.board.settings;
  return failed(agent, 'enroll', `cannot enrol at ${control}: ${failure.message}`, failure);
}
