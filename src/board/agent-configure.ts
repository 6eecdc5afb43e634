import { type Agent, DONE, failed, type StepResult, unanswered, worked } from './agent-state.ts';
import { handOver, isHanded, judgeDocument, type KeptConfig, saveKept } from './kept-config.ts';
import { reasonOf } from './places.ts';

/** `isNews`: another document is in force now. */
export async function configStep(agent: Agent): Promise<StepResult> {
  const { state, signal } = agent;
  const { credentials, kept, board } = state;
  if (credentials === null) return DONE;
  const isOurs = kept?.control === board.settings.control;
  const answer = await board.client.get({
    path: '/api/v1/config',
    apiKey: credentials.apiKey,
    etag: isOurs ? kept.etag : null,
    signal,
  });
  if (!answer.ok) return unanswered(agent, 'configuration', answer);
  worked(agent, 'configuration');
  if (!answer.value.isNew) return DONE;
  const { text, etag } = answer.value;
  const judged = judgeDocument(text, etag);
  if (!judged.ok) {
    state.refusedEtag = etag;
    failed(agent, 'document', judged.message);
    return DONE;
  }
  return keep(agent, {
    control: board.settings.control,
    etag: judged.etag,
    receivedMs: Math.max(0, agent.clock.nowMs()),
    document: judged.document,
  });
}

function keep(agent: Agent, config: KeptConfig): StepResult {
  const { state, places, voice, log } = agent;
  try {
    saveKept(places, config);
  } catch (error) {
    return failed(agent, 'document', `the new configuration cannot be kept: ${reasonOf(error)}`);
  }
  state.kept = config;
  state.refusedEtag = null;
  voice.well('document', 'the configuration of the control is good again');
  log.info('new configuration', { etag: config.etag });
  return handStep(agent, true) ? { ok: true, isNews: true } : { ok: false, retryAfterMs: null };
}

/** Gives the daemon what is kept, unless it is there already. */
export function handStep(agent: Agent, isChanged: boolean): boolean {
  const { places, state, voice } = agent;
  try {
    if (isChanged || !isHanded(places, state.kept)) handOver(places, state.kept);
    voice.well('handover', 'the daemon gets its configuration again');
    return true;
  } catch (error) {
    failed(agent, 'handover', `the daemon does not get its configuration: ${reasonOf(error)}`);
    return false;
  }
}
