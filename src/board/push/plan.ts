import type { PartContext } from '../part.ts';
import { HIDDEN_KEYS } from './page-keys.ts';
import type { PushPlaces } from './places.ts';
import { probeIdentity } from './probe-identity.ts';
import { scrapeConfig } from './scrape.ts';
import type { PushSettings } from './settings.ts';
import { environmentText, VMAGENT_WORDS, vmagentEnvironment } from './vmagent-env.ts';

export interface PushPlan {
  files: Readonly<Record<string, string>>;
  command: readonly string[];
  user: string;
  lines: readonly string[];
}

export interface PlanRequest {
  settings: PushSettings;
  places: PushPlaces;
  context: Pick<PartContext, 'probeName'>;
}

/** What the push would write and run. Shows no secret, changes nothing and asks nobody. */
export function planPush({ settings, places, context }: PlanRequest): PushPlan {
  const { queueBytesMax, user } = settings;
  const isUnit = settings.supervise === 'unit';
  const environment = vmagentEnvironment({
    ...{ settings, places, queueBytesMax },
    ...{ isRelayed: false, keys: HIDDEN_KEYS },
  });
  const files = {
    [places.pageKey]: "the key of vmagent's page, made at the first start (not shown)",
    [places.bearer]: `the secret "${settings.bearer}", or what the control gives (not shown)`,
    [places.scrape]: scrapeConfig({
      ...{ probe: probeIdentity(context), settings, keys: HIDDEN_KEYS },
    }),
    ...(isUnit ? { [places.vmagentEnv]: environmentText(environment) } : {}),
  };
  const command = isUnit
    ? ['systemctl', 'restart', 'flint-vmagent.service']
    : [settings.program ?? 'vmagent', ...VMAGENT_WORDS];
  const lines = [
    ...Object.entries(files).flatMap(([file, text]) => [`write ${file}`, ...indent(text)]),
    ...(isUnit ? [] : [`make ${places.queue} for user ${user}`]),
    `run ${command.join(' ')}${isUnit ? '' : ` as user ${user} with`}`,
    ...(isUnit ? [] : indent(environmentText(environment))),
    `ask ${settings.url} whether it takes the bearer, and what it says to one that nobody has`,
  ];
  return { files, command, user, lines };
}

function indent(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`);
}
