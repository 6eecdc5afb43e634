// What is said before something is done to a probe.

export type ProbeAction = 'disable' | 'enable' | 'rearm' | 'replace' | 'remove';

export interface Confirm {
  heading: string;
  sentences: string[];
  button: string;
  isDangerous: boolean;
}

export const CONFIRM: Readonly<Record<ProbeAction, (name: string) => Confirm>> = {
  disable: (name) => ({
    heading: `Disable ${name}?`,
    sentences: [
      'Its API keys end at that moment, and all that it sends is refused.',
      'Its board goes on measuring with the configuration it has, but nobody hears of it.',
      'Its graphs and events so far stay. You can enable it again.',
    ],
    button: 'Disable',
    isDangerous: true,
  }),
  enable: (name) => ({
    heading: `Enable ${name}?`,
    sentences: ['The board that it is bound to gets a new API key when it asks again.'],
    button: 'Enable',
    isDangerous: false,
  }),
  rearm: (name) => ({
    heading: `Re-arm ${name}?`,
    sentences: [
      'The key of its board is forgotten and its API keys end.',
      'The next board with this MAC address may ask to join, and you approve its fingerprint. ' +
        'That is what you want after its storage was written anew.',
      'Until then nothing is heard of it.',
    ],
    button: 'Re-arm',
    isDangerous: true,
  }),
  replace: (name) => ({
    heading: `Replace the hardware of ${name}?`,
    sentences: [
      'The old board is forgotten: its key and its API keys end.',
      'The new one takes its name, address, groups and history once you approve it.',
    ],
    button: 'Replace',
    isDangerous: true,
  }),
  remove: (name) => ({
    heading: `Remove ${name}?`,
    sentences: [
      'Its keys, its events and what is assigned to it by name are gone, for good.',
      'Its name and its address may be given to another probe.',
      'To stop it for a while, disable it instead.',
    ],
    button: 'Remove for good',
    isDangerous: true,
  }),
};
