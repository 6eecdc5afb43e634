// The agent of `flint up`: the same as on a board, and no more root than control and probe.
import { startAgent } from '../../board/agent.ts';
import { type AgentSettings, UNSAID } from '../../board/agent-config.ts';
import { NO_PARTS } from '../../board/agent-openers.ts';
import { agentPlaces } from '../../board/places.ts';
import { version } from '../version.ts';
import { openUpPart } from './part.ts';

/** What the supervisor hands over. */
export interface UpAgentWish {
  control: string;
  stateDirectory: string;
  runDirectory: string;
  mac: string;
  claimTokenFile: string | null;
}

// Read while it still can be: whoever root becomes may not see where it lies.
const VERSION = version();

await openUpPart<UpAgentWish>(async ({ wish, log, stop, ended }) => {
  const agent = await startAgent({
    loadSettings: () => settingsOf(wish),
    places: agentPlaces(wish.stateDirectory, wish.runDirectory),
    version: VERSION,
    log,
    env: process.env,
    setClock: null,
    openers: NO_PARTS,
    stop,
    isOnce: false,
  });
  await ended(null);
  await agent.ended;
});

function settingsOf({ control, mac, claimTokenFile }: UpAgentWish): AgentSettings {
  return { ...UNSAID, control, mac, claimTokenFile, hardware: 'generic' };
}
