// The form of a set: what is measured and by whom.
import { html } from 'hono/html';
import type { MeasurementSet, SetPreview } from '../../core/fleet-sets.ts';
import { formatCount } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { checkbox, errorList, type FormState, field, form, hidden } from './form.ts';
import { previewCard } from './set-preview.ts';
import { setView } from './set-view.ts';
import { canOperate, type Frame, type Page } from './shell.ts';

export interface SetFormInput {
  /** Null for a new one. */
  set: MeasurementSet | null;
  state: FormState;
  isJson: boolean;
  /** Lines cannot say all of its targets: it is edited as JSON. */
  isWhole: boolean;
  groups: readonly string[];
  preview: SetPreview | null;
  /** What was previewed; saving something else shows the preview again. */
  previewed: string;
}

export function setPage(frame: Frame, input: SetFormInput): Page {
  const { set } = input;
  const action = set === null ? '/sets/new' : `/sets/${set.id}`;
  return {
    place: 'sets',
    title: set?.id ?? 'New set',
    tone: 'info',
    crumbs: [{ href: '/sets', text: 'Measurements' }],
    heading: set === null ? 'A new set' : set.title === '' ? set.id : set.title,
    lead: set === null ? '' : `${set.id}: ${runBy(set.probes)}.`,
    reloadSeconds: null,
    main: canOperate(frame) ? editor(frame, input, action) : readOnly(input),
  };
}

function editor(frame: Frame, input: SetFormInput, action: string): Markup {
  const { preview, state, set } = input;
  const isSeen = preview !== null;
  const buttons = html`<p class="actions">${
    isSeen && html`<button class="main" name="step" value="save">Save</button>`
  }<button class="${isSeen ? '' : 'main'}" name="step" value="preview">${
    isSeen ? 'Preview again' : 'Preview'
  }</button><a href="/sets">Cancel</a>${
    set !== null && html`<a class="button danger" href="/sets/${set.id}/remove">Remove</a>`
  }</p><p class="hint">Nothing is saved before you have seen what a probe will run and what it
costs.</p>`;
  return html`${errorList(state)}${previewCard(preview)}${form(action, frame.csrf, [
    fields(input),
    buttons,
  ])}`;
}

function fields(input: SetFormInput): Markup {
  const { set, state, isJson, isWhole, groups } = input;
  const own = set === null ? '/sets/new' : `/sets/${set.id}`;
  return html`${hidden('as', isJson ? 'json' : 'form')}${hidden('previewed', input.previewed)}${
    set === null &&
    field(state, {
      name: 'id',
      label: 'Name',
      hint: 'a-z, 0-9 and -; it stands in reports and cannot be changed later',
      isRequired: true,
      isCode: true,
      maxLength: 63,
    })
  }${field(state, { name: 'title', label: 'Title', maxLength: 100 })}${
    isJson
      ? field(state, {
          name: 'json',
          label: 'Measurements as JSON',
          rows: 20,
          isCode: true,
          hint: isWhole
            ? html`As in the configuration of a probe. <a href="${own}">Back to fields</a>.`
            : 'As in the configuration of a probe. It says more than the fields can show.',
        })
      : html`${pingFields(state)}${pathFields(state)}<p class="hint">Something else? <a href="${
          own
        }?as=json">Edit it as JSON</a>.</p>`
  }${assignFields(state, groups)}${field(state, { name: 'note', label: 'Note', maxLength: 1000 })}`;
}

const TARGETS_HINT =
  'One a line: a name or address, @gateway or @resolver; then, if you like, id=NAME interval=5s ' +
  'families=v4 size=1200 tos=184 source=ADDRESS label.site=fra';

function pingFields(state: FormState): Markup {
  return html`<fieldset><legend>Latency and loss</legend>${checkbox(state, {
    name: 'smokeping.on',
    label: 'Send echoes',
  })}${field(state, {
    name: 'smokeping.targets',
    label: 'Targets',
    rows: 8,
    isCode: true,
    hint: TARGETS_HINT,
  })}<div class="row">${[
    field(state, { name: 'smokeping.interval', label: 'Interval', hint: '1s unless given' }),
    field(state, { name: 'smokeping.round', label: 'Round', hint: '30s unless given' }),
    field(state, { name: 'smokeping.timeout', label: 'Timeout', hint: '5s unless given' }),
  ]}</div></fieldset>`;
}

function pathFields(state: FormState): Markup {
  const protocols = [
    { value: '', text: 'ICMP unless given' },
    { value: 'icmp', text: 'ICMP' },
    { value: 'udp', text: 'UDP' },
    { value: 'tcp', text: 'TCP' },
  ];
  return html`<fieldset><legend>Paths</legend>${[
    checkbox(state, { name: 'path.on', label: 'Trace paths' }),
    checkbox(state, { name: 'path.same', label: 'To the same targets' }),
  ]}${field(state, {
    name: 'path.targets',
    label: 'Targets, if others',
    rows: 3,
    isCode: true,
    hint: 'As above, and protocol=tcp port=443',
  })}<div class="row">${[
    field(state, { name: 'path.interval', label: 'Interval', hint: '30s unless given' }),
    field(state, { name: 'path.protocol', label: 'Protocol', options: protocols }),
    field(state, { name: 'path.probes', label: 'Probes a hop', hint: '3 unless given' }),
    field(state, {
      name: 'path.packetsPerSecond',
      label: 'Packets a second, at most',
      hint: '100 unless given',
    }),
    field(state, { name: 'path.maxTtl', label: 'Hops, at most', hint: '30 unless given' }),
  ]}</div>${checkbox(state, {
    name: 'path.multipath',
    label: 'Look for all parallel paths',
    hint: 'Costs many more probes once in a while.',
  })}</fieldset>`;
}

function assignFields(state: FormState, groups: readonly string[]): Markup {
  const known =
    groups.length === 0 ? 'No group exists yet.' : `There are: ${groups.slice(0, 30).join(', ')}.`;
  return html`<fieldset><legend>Who runs it</legend>${[
    checkbox(state, { name: 'assign.all', label: 'All probes, later ones too' }),
    field(state, {
      name: 'assign.groups',
      label: 'Groups',
      isCode: true,
      hint: `Names, with commas. ${known}`,
    }),
    field(state, {
      name: 'assign.probes',
      label: 'Single probes',
      isCode: true,
      hint: 'Names, with commas.',
    }),
  ]}</fieldset>`;
}

function readOnly({ set }: SetFormInput): Markup {
  if (set === null) return html`<p class="lead">Only an operator may make a set.</p>`;
  return setView(set);
}

function runBy(probes: number): string {
  return probes === 0
    ? 'no probe runs it'
    : probes === 1
      ? 'one probe runs it'
      : `${formatCount(probes)} probes run it`;
}
