import { loadAuthorities } from '../../board/control-trust.ts';
import { startRelay } from '../../board/push/relay.ts';
import { readRelaySettings } from '../../board/push/relay-env.ts';
import { EXIT } from '../command.ts';
import { followSignals } from '../signals.ts';

/** The relay before an old vmauth, until it is told to stop. */
export async function runRelay(
  _args: readonly string[],
  _options: Record<string, unknown>,
): Promise<number> {
  const settings = readRelaySettings(process.env);
  if (settings === null) {
    process.stderr.write(
      'flint: the relay is started by the agent, which sets FLINT_RELAY_URL, FLINT_RELAY_ASKED ' +
        'and FLINT_RELAY_PORT\n',
    );
    return EXIT.usage;
  }
  const signals = followSignals(false);
  try {
    const relay = await startRelay({ ...settings, authorities: loadAuthorities(null) });
    const code = await signals.ended;
    await relay.close();
    return code;
  } finally {
    signals.close();
  }
}
