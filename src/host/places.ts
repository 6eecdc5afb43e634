// Where things live: systemd's directories when it made some, the system's for root, XDG's for a
// user.
const fs = process.getBuiltinModule('node:fs');
const os = process.getBuiltinModule('node:os');
const path = process.getBuiltinModule('node:path');

export interface PlaceRequest {
  env: Readonly<Record<string, string | undefined>>;
  isRoot: boolean;
  home: string;
}

/** The state directory: `STATE_DIRECTORY`, /var/lib/flint, or below XDG_STATE_HOME. */
export function stateDirectory({ env, isRoot, home }: PlaceRequest): string {
  // systemd gives a list when a unit asks for several; ours is the first.
  const given = env['STATE_DIRECTORY']?.split(':')[0];
  if (given !== undefined && given !== '') return given;
  if (isRoot) return '/var/lib/flint';
  const base = env['XDG_STATE_HOME'];
  return path.join(
    base?.startsWith('/') === true ? base : path.join(home, '.local/state'),
    'flint',
  );
}

export function ownStateDirectory(): string {
  return stateDirectory(ownPlaceRequest());
}

/** The runtime directory: `RUNTIME_DIRECTORY`, /run/flint, or below XDG_RUNTIME_DIR. */
export function runDirectory(request: PlaceRequest): string {
  const { env, isRoot } = request;
  const given = env['RUNTIME_DIRECTORY']?.split(':')[0];
  if (given !== undefined && given !== '') return given;
  if (isRoot) return '/run/flint';
  const base = env['XDG_RUNTIME_DIR'];
  return base?.startsWith('/') === true
    ? path.join(base, 'flint')
    : path.join(stateDirectory(request), 'run');
}

/** The configuration directory: `CONFIGURATION_DIRECTORY`, /etc/flint, or below XDG_CONFIG_HOME. */
export function configDirectory({ env, isRoot, home }: PlaceRequest): string {
  const given = env['CONFIGURATION_DIRECTORY']?.split(':')[0];
  if (given !== undefined && given !== '') return given;
  if (isRoot) return '/etc/flint';
  const base = env['XDG_CONFIG_HOME'];
  return path.join(base?.startsWith('/') === true ? base : path.join(home, '.config'), 'flint');
}

/** Who asks, of this process. */
export function ownPlaceRequest(homedir: () => string = os.homedir): PlaceRequest {
  return { env: process.env, isRoot: process.getuid?.() === 0, home: homeOf(homedir) };
}

/** A user of a number alone, without `HOME`, has none (it throws): then `/`, as systemd has it. */
function homeOf(homedir: () => string): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}

/** What this machine calls itself: the device tree's model, or DMI's product. */
export function hardwareModel(): string | null {
  for (const file of ['/sys/firmware/devicetree/base/model', '/sys/class/dmi/id/product_name']) {
    try {
      const text = fs.readFileSync(file, 'utf8').replaceAll('\0', '').trim();
      if (text !== '') return text.slice(0, 64);
    } catch {
      // Not every machine has either.
    }
  }
  return null;
}
