// Users of the control, from the machine that it runs on: how the first one comes to be, and how
// one gets in again.

import { safeParse } from 'valibot';
import { makeLoginLink } from '../../control/accounts/login.ts';
import { OPERATOR_NAME } from '../../control/accounts/operator-schemas.ts';
import {
  addOperator,
  changeOperator,
  listOperators,
  removeOperator,
} from '../../control/accounts/operators.ts';
import { judgePassword } from '../../control/accounts/passwords.ts';
import type { ControlContext } from '../../control/request/context.ts';
import type { Role } from '../../control/store/db-tables.ts';
import { EXIT, UsageError } from '../command.ts';
import { askSecret, canAsk, readPiped } from '../fleet/ask.ts';
import { oneOf } from '../values.ts';
import { MACHINE, withContext } from './place.ts';

type Args = readonly string[];
type Options = Readonly<Record<string, unknown>>;

const PASSWORD_BYTES_MAX = 4_096;

export async function runUserAdd([given = '']: Args, options: Options): Promise<number> {
  const name = nameOf(given);
  const isLink = options['link'] === true;
  const password = isLink ? null : await askPassword(name, options);
  return await withContext(options, async (context) => {
    const role = (options['role'] as Role | undefined) ?? (await usualRole(context));
    await addOperator(context, MACHINE, { name, role, password });
    process.stderr.write(`${name} is ${role} now\n`);
    return isLink ? await printLink(context, name) : EXIT.ok;
  });
}

export async function runUserList(_args: Args, options: Options): Promise<number> {
  return await withContext(options, async (context) => {
    const users = await listOperators(context);
    if (options['json'] === true) {
      process.stdout.write(`${JSON.stringify({ users })}\n`);
      return EXIT.ok;
    }
    for (const { name, role, disabledMs, lastLoginMs } of users) {
      const last = lastLoginMs === null ? 'never' : new Date(lastLoginMs).toISOString();
      const note = disabledMs === null ? '' : '  disabled';
      process.stdout.write(`${name.padEnd(20)} ${role.padEnd(8)}  last login ${last}${note}\n`);
    }
    if (users.length === 0) process.stderr.write('nobody yet: flint control user add NAME\n');
    return EXIT.ok;
  });
}

export async function runUserRemove([name = '']: Args, options: Options): Promise<number> {
  return await withContext(options, async (context) => {
    await removeOperator(context, MACHINE, name);
    return EXIT.ok;
  });
}

export async function runUserRole([name = '', word = '']: Args, options: Options): Promise<number> {
  const role = oneOf(['viewer', 'operator', 'admin'])(word) as Role;
  return await withContext(options, async (context) => {
    await changeOperator(context, MACHINE, name, { role });
    return EXIT.ok;
  });
}

export async function runUserPassword([name = '']: Args, options: Options): Promise<number> {
  const password = await askPassword(name, options);
  return await withContext(options, async (context) => {
    await changeOperator(context, MACHINE, name, { password });
    return EXIT.ok;
  });
}

export async function runLink([name = '']: Args, options: Options): Promise<number> {
  return await withContext(options, (context) => printLink(context, name));
}

async function printLink(context: ControlContext, name: string): Promise<number> {
  const { url } = await makeLoginLink(context, MACHINE, name);
  process.stderr.write('works once, within 15 minutes:\n');
  process.stdout.write(`${url}\n`);
  return EXIT.ok;
}

/** Somebody has to make the others. */
async function usualRole({ store }: ControlContext): Promise<Role> {
  const first = await store.db.selectFrom('operators').select('id').limit(1).executeTakeFirst();
  return first === undefined ? 'admin' : 'viewer';
}

function nameOf(given: string): string {
  const parsed = safeParse(OPERATOR_NAME, given);
  if (parsed.success) return parsed.output;
  throw new UsageError(parsed.issues[0].message);
}

async function askPassword(name: string, options: Options): Promise<string> {
  const password =
    options['passwordStdin'] === true
      ? (await readPiped('the password', PASSWORD_BYTES_MAX)).replace(/\r?\n$/, '')
      : await askTwice(name);
  judgePassword(password, name);
  return password;
}

async function askTwice(name: string): Promise<string> {
  if (!canAsk()) {
    throw new UsageError('no terminal to ask for a password: use --password-stdin or --link');
  }
  const password = await askSecret(`Password of ${name}:`);
  const again = password === null ? null : await askSecret('The same again:');
  if (password === null || again === null) throw new UsageError('no password, nothing was changed');
  if (password !== again) throw new UsageError('these were two passwords; nothing was changed');
  return password;
}
