// Forms about one probe: register it, change what is known of it, and the pages that ask before
// something cannot be taken back.
import { html } from 'hono/html';
import type { ProbeRow } from '../../core/fleet.ts';
import type { HardwareProfile } from '../../core/hardware.ts';
import type { Markup } from '../../graph/smoke.ts';
import { errorList, type Field, type FormState, field, form, submit } from './form.ts';
import type { UnknownBoard } from './join.ts';
import { whoAsks } from './join.ts';
import { CONFIRM, type ProbeAction } from './probe-confirm.ts';
import { probeHref } from './probe-words.ts';
import type { Frame, Page } from './shell.ts';

export interface ProbeFormInput {
  state: FormState;
  hardware: readonly HardwareProfile[];
  groups: readonly string[];
  namePrefix: string;
}

export function newProbePage(frame: Frame, input: ProbeFormInput): Page {
  return {
    ...PLACE,
    title: 'Add a probe',
    heading: 'Add a probe',
    lead:
      'Register the MAC address of the board. Then flash its image, post it, and approve it ' +
      'when it asks to join.',
    main: html`${errorList(input.state)}${form('/probes/new', frame.csrf, [
      field(input.state, MAC_FIELD),
      ...aboutFields(input),
      submit('Register', 'main', '/probes'),
    ])}`,
  };
}

/** A board that asked before anybody knew it. */
export function registerBoardPage(
  frame: Frame,
  input: ProbeFormInput & { board: UnknownBoard },
): Page {
  const { board, state } = input;
  return {
    ...PLACE,
    title: 'Register a board',
    crumbs: [{ href: '/claims', text: 'Joining' }],
    heading: html`Register the board <span class="code">${board.mac}</span>`,
    lead: html`${whoAsks(board, frame.nowMs)}. Registering approves this key: compare the
fingerprint with the one that the board shows.`,
    main: html`${errorList(state)}${form(`/boards/${board.id}/register`, frame.csrf, [
      ...aboutFields(input),
      submit('Register and approve', 'main', '/claims'),
    ])}`,
  };
}

export function editProbePage(frame: Frame, input: ProbeFormInput & { name: string }): Page {
  const { name, state } = input;
  return {
    ...PLACE,
    title: `Edit ${name}`,
    crumbs: [...PLACE.crumbs, { href: probeHref(name), text: name }],
    heading: `Edit ${name}`,
    main: html`${errorList(state)}${form(probeHref(name, '/edit'), frame.csrf, [
      ...aboutFields(input),
      submit('Save', 'main', probeHref(name)),
    ])}`,
  };
}

/** What stands in the fields of a probe as it is. */
export function valuesOfProbe(probe: ProbeRow): Record<string, string> {
  const { name, hardware, groups, tags, location, contact, note } = probe;
  return {
    ...{ name, hardware, location, contact, note },
    groups: groups.join(', '),
    tags: tags.join(', '),
  };
}

/** What was typed, as the schemas of probes take it; empty texts of a new one are left out. */
export function readProbe(
  values: Readonly<Record<string, string>>,
  isNew: boolean,
): Record<string, unknown> {
  const read: Record<string, unknown> = {
    groups: listOf(values['groups'], /[\s,]+/),
    tags: listOf(values['tags'], ','),
    location: (values['location'] ?? '').trim(),
    contact: (values['contact'] ?? '').trim(),
    note: (values['note'] ?? '').trim(),
  };
  for (const key of ['name', 'hardware']) {
    const text = (values[key] ?? '').trim();
    if (text !== '' || !isNew) read[key] = text;
  }
  return read;
}

/** Says what will happen, and does it only when told again. */
export function confirmPage(
  frame: Frame,
  input: {
    action: ProbeAction;
    probe: ProbeRow;
    state: FormState;
    hardware: readonly HardwareProfile[];
  },
): Page {
  const { action, probe, state } = input;
  const { name } = probe;
  const { heading, sentences, button, isDangerous } = CONFIRM[action](name);
  const fields = action === 'replace' ? replaceFields(input) : [];
  const typed = action === 'remove' ? [field(state, typeName(name))] : [];
  return {
    ...PLACE,
    title: heading,
    crumbs: [...PLACE.crumbs, { href: probeHref(name), text: name }],
    heading,
    main: html`${errorList(state)}<ul class="steps">${sentences.map(
      (text) => html`<li>${text}</li>`,
    )}</ul>${form(probeHref(name, `/${action}`), frame.csrf, [
      ...fields,
      ...typed,
      submit(button, isDangerous ? 'danger' : 'main', probeHref(name)),
    ])}`,
  };
}

const PLACE = {
  place: 'probes',
  tone: 'info',
  reloadSeconds: null,
  crumbs: [{ href: '/probes', text: 'Probes' }],
} as const;

const MAC_FIELD: Field = {
  name: 'mac',
  label: 'MAC address',
  hint: 'Printed on the board; with colons, dashes, dots or none',
  isRequired: true,
  isCode: true,
  maxLength: 32,
};

function aboutFields({ state, hardware, groups, namePrefix }: ProbeFormInput): Markup[] {
  const known = groups.length === 0 ? '' : ` There are: ${groups.slice(0, 30).join(', ')}.`;
  return [
    field(state, {
      name: 'name',
      label: 'Name',
      hint: `a-z, 0-9 and -; without one the next free ${namePrefix}… is given`,
      isCode: true,
      maxLength: 63,
    }),
    field(state, {
      name: 'hardware',
      label: 'Hardware',
      options: kindsOf(hardware, state),
    }),
    field(state, {
      name: 'groups',
      label: 'Groups',
      hint: `Sets of measurements are assigned to groups. Names, with commas.${known}`,
      isCode: true,
    }),
    html`<div class="row">${[
      field(state, { name: 'location', label: 'Location', maxLength: 200 }),
      field(state, { name: 'contact', label: 'Contact', maxLength: 200 }),
    ]}</div>`,
    field(state, { name: 'tags', label: 'Tags', hint: 'Words of your own, with commas' }),
    field(state, { name: 'note', label: 'Note', maxLength: 1000 }),
  ];
}

function replaceFields({
  state,
  hardware,
}: {
  state: FormState;
  hardware: readonly HardwareProfile[];
}): Markup[] {
  const options = kindsOf(hardware, state);
  return [
    field(state, { ...MAC_FIELD, label: 'MAC address of the new board' }),
    field(state, { name: 'hardware', label: 'Hardware', options }),
  ];
}

// Without an option of its own, saving the form would make it another one.
function kindsOf(hardware: readonly HardwareProfile[], { values }: FormState) {
  const options = hardware.map(({ slug, name }) => ({ value: slug, text: name }));
  const current = values['hardware'] ?? '';
  if (current === '' || options.some(({ value }) => value === current)) return options;
  return [...options, { value: current, text: `${current} (no profile)` }];
}

function typeName(name: string): Field {
  return { name: 'typed', label: `Type ${name} to confirm`, isCode: true, isRequired: true };
}

function listOf(text: string | undefined, separator: string | RegExp): string[] {
  const words = (text ?? '').split(separator).map((word) => word.trim());
  return [...new Set(words.filter((word) => word !== ''))];
}
