// Changes of one probe: registering and editing it, and the steps of its life.
import { isRecord } from '../../core/config-value.ts';
import { parseMac } from '../../core/wire.ts';
import { EXIT, UsageError } from '../command.ts';
import { optionText } from './account.ts';
import { confirmName } from './ask.ts';
import { change, type Options, openFleet, slug } from './fleet.ts';

/** `flint fleet add` */
export async function runAdd(_words: readonly string[], options: Options): Promise<number> {
  const name = optionText(options, 'name');
  const body = {
    mac: macOf(options),
    hardware: slug(optionText(options, 'hardware') ?? 'generic', 'option --hardware: a name'),
    ...(name === null ? {} : { name: slug(name, 'option --name: a name') }),
    ...aboutOf(options),
  };
  const call = { method: 'POST', path: '/probes', body, what: `register ${body.mac}` } as const;
  await change(openFleet(options), call, (answer) => {
    return `${probeSentence(answer)}; flint fleet show tells when its board asks`;
  });
  return EXIT.ok;
}

/** `flint fleet edit NAME` */
export async function runEdit(words: readonly string[], options: Options): Promise<number> {
  const probe = probeName(words);
  const name = optionText(options, 'name');
  const hardware = optionText(options, 'hardware');
  const body = {
    ...(name === null ? {} : { name: slug(name, 'option --name: a name') }),
    ...(hardware === null ? {} : { hardware: slug(hardware, 'option --hardware: a name') }),
    ...aboutOf(options),
  };
  if (Object.keys(body).length === 0) {
    throw new UsageError('nothing to change: flint fleet edit --help shows what can be');
  }
  const call = { method: 'PATCH', path: `/probes/${probe}`, body, what: `edit ${probe}` } as const;
  await change(openFleet(options), call, () => `${probe} is changed`);
  return EXIT.ok;
}

/** `flint fleet replace NAME --mac MAC` */
export async function runReplace(words: readonly string[], options: Options): Promise<number> {
  const probe = probeName(words);
  const mac = macOf(options);
  const hardware = optionText(options, 'hardware');
  const call = {
    method: 'POST',
    path: `/probes/${probe}/replace`,
    body: {
      mac,
      ...(hardware === null ? {} : { hardware: slug(hardware, 'option --hardware: a name') }),
    },
    what: `replace the board of ${probe}`,
  } as const;
  await change(openFleet(options), call, () => {
    return `${probe} waits for the board ${mac}; the key of the old one is forgotten`;
  });
  return EXIT.ok;
}

/** `flint fleet disable NAME` */
export async function runDisable(words: readonly string[], options: Options): Promise<number> {
  return await step(words, options, 'disable', 'is disabled: its API keys have ended');
}

/** `flint fleet enable NAME` */
export async function runEnable(words: readonly string[], options: Options): Promise<number> {
  return await step(words, options, 'enable', 'may ask again; its board gets a new API key');
}

/** `flint fleet rearm NAME` */
export async function runRearm(words: readonly string[], options: Options): Promise<number> {
  const text = 'is bound to no board; the next one with its MAC waits for approval';
  return await step(words, options, 'rearm', text);
}

/** `flint fleet remove NAME` */
export async function runRemove(words: readonly string[], options: Options): Promise<number> {
  const probe = probeName(words);
  const fleet = openFleet(options);
  const consequence = `${probe} would be gone, with its API keys and events`;
  if (!(await confirmName(options, probe, consequence))) return EXIT.trouble;
  const call = { method: 'DELETE', path: `/probes/${probe}`, what: `remove ${probe}` } as const;
  await change(fleet, call, () => `${probe} is removed; its name and address are free`);
  return EXIT.ok;
}

/** What an operator says about a probe: of the body, what was given. */
export function aboutOf(options: Options): Record<string, unknown> {
  const lists = Object.entries({ groups: options['group'], tags: options['tag'] });
  const texts = ['location', 'contact', 'note'].map((key) => [key, options[key]] as const);
  return Object.fromEntries([...lists, ...texts].filter(([, value]) => value !== undefined));
}

/** `probe05 is registered (02:00:5e:10:00:05, fd00::5)` of what the control made. */
export function probeSentence(answer: unknown): string {
  const { name, mac, address } = isRecord(answer) ? answer : {};
  const known = [mac, address].filter((one) => typeof one === 'string').join(', ');
  return `${typeof name === 'string' ? name : 'the probe'} is registered (${known})`;
}

async function step(
  words: readonly string[],
  options: Options,
  verb: string,
  text: string,
): Promise<number> {
  const probe = probeName(words);
  const path = `/probes/${probe}/${verb}`;
  const call = { method: 'POST', path, body: {}, what: `${verb} ${probe}` } as const;
  await change(openFleet(options), call, () => `${probe} ${text}`);
  return EXIT.ok;
}

function probeName(words: readonly string[]): string {
  return slug(words[0], 'the name of a probe');
}

function macOf(options: Options): string {
  const written = optionText(options, 'mac');
  const mac = written === null ? null : parseMac(written);
  if (mac !== null) return mac;
  throw new UsageError(
    'option --mac <mac>: expected the MAC address of one interface, such as ' +
      `02:00:5e:10:00:01, ${written === null ? 'and there is none' : `got "${written}"`}`,
  );
}
