// API tokens, from the machine that the control runs on.

import { listTokens, makeToken, removeToken } from '../../control/accounts/tokens.ts';
import type { Role } from '../../control/store/db-tables.ts';
import { EXIT, UsageError } from '../command.ts';
import { wholeNumber } from '../values.ts';
import { MACHINE, withContext } from './place.ts';

type Args = readonly string[];
type Options = Readonly<Record<string, unknown>>;

const LIFETIME_MS = 365 * 86_400_000;

export async function runTokenAdd([name = '']: Args, options: Options): Promise<number> {
  const label = options['label'] as string | undefined;
  if (label === undefined || !/^[ -~]{1,100}$/.test(label)) {
    throw new UsageError('option --label <text>: expected what the token is for');
  }
  const role = options['role'] as Role | undefined;
  return await withContext(options, async (context) => {
    const made = await makeToken(context, MACHINE, name, { label, role, lifetimeMs: LIFETIME_MS });
    process.stderr.write(`API token ${made.id} of ${name}, ${made.role}, for a year:\n`);
    process.stdout.write(`${made.token}\n`);
    return EXIT.ok;
  });
}

export async function runTokenList(_args: Args, options: Options): Promise<number> {
  return await withContext(options, async (context) => {
    const tokens = await listTokens(context, null);
    if (options['json'] === true) {
      process.stdout.write(`${JSON.stringify({ tokens })}\n`);
      return EXIT.ok;
    }
    for (const { id, owner, label, role, untilMs } of tokens) {
      const until = untilMs === null ? 'no end' : `until ${new Date(untilMs).toISOString()}`;
      process.stdout.write(`${String(id).padEnd(4)} ${owner}/${label}  ${role}  ${until}\n`);
    }
    return EXIT.ok;
  });
}

export async function runTokenRemove([given = '']: Args, options: Options): Promise<number> {
  const id = wholeNumber(1, Number.MAX_SAFE_INTEGER)(given);
  return await withContext(options, async (context) => {
    await removeToken(context, MACHINE, id);
    return EXIT.ok;
  });
}
