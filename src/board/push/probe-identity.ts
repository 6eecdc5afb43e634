import type { PartContext } from '../part.ts';

const fs = process.getBuiltinModule('node:fs');
const os = process.getBuiltinModule('node:os');

/** What tells this board from all others, and stays: the probe's name, else the machine's. */
export function probeIdentity(
  { probeName }: Pick<PartContext, 'probeName'>,
  machineIdFile = '/etc/machine-id',
): string {
  return probeName() ?? `${os.hostname()} ${machineId(machineIdFile)}`;
}

function machineId(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8').trim().slice(0, 64);
  } catch {
    return '';
  }
}
