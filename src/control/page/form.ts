// Forms that work without a script: each field with its label, hint and error tied to it, what was
// typed kept after a refusal, and the refusals listed on top with links to their fields.
import { html } from 'hono/html';
import type { Markup } from '../../graph/smoke.ts';
import type { Text } from '../../graph/text.ts';

/** What was typed, as text, and what is wrong with it. */
export interface FormState {
  values: Readonly<Record<string, string>>;
  /** By field; the empty name is of the form as a whole. */
  errors: Readonly<Record<string, string>>;
}

export interface Field {
  name: string;
  label: string;
  hint?: Text;
  type?: 'text' | 'password' | 'number' | 'search' | 'datetime-local';
  autocomplete?: string;
  isRequired?: boolean;
  /** Names and addresses are not to be "corrected". */
  isCode?: boolean;
  maxLength?: number;
  rows?: number;
  options?: ReadonlyArray<{ value: string; text: string }>;
}

export const NO_ERRORS: FormState = { values: {}, errors: {} };

export function formState(values: Readonly<Record<string, string>>): FormState {
  return { values, errors: {} };
}

/** A form of ours; `body` holds fields and buttons. */
export function form(action: string, csrf: string, body: Text | Text[]): Markup {
  return html`<form class="form" method="post" action="${action}">${hidden('_csrf', csrf)}${
    body
  }</form>`;
}

/** A form that is one button. */
export function buttonForm(
  action: string,
  csrf: string,
  button: { text: string; kind?: 'main' | 'danger' | 'plain'; about?: string },
  values: Readonly<Record<string, string>> = {},
): Markup {
  const { text, kind, about } = button;
  return html`<form class="inline" method="post" action="${action}">${hidden(
    '_csrf',
    csrf,
  )}${Object.entries(values).map(([name, value]) =>
    hidden(name, value),
  )}<button class="${kind ?? ''}">${text}${
    about !== undefined && html`<span class="hidden"> ${about}</span>`
  }</button></form>`;
}

export function hidden(name: string, value: string): Markup {
  return html`<input type="hidden" name="${name}" value="${value}">`;
}

/** A label, its control, a hint and the error. */
export function field(state: FormState, given: Field): Markup {
  const { name, label, hint } = given;
  const error = state.errors[name];
  return html`<div class="field"><label for="${idOf(name)}">${label}${
    given.isRequired === true && html` <span class="quiet">(required)</span>`
  }</label>${control(state, given)}${
    hint !== undefined && html`<p class="hint" id="${idOf(name)}-hint">${hint}</p>`
  }${error !== undefined && html`<p class="wrong" id="${idOf(name)}-wrong">${error}</p>`}</div>`;
}

export function checkbox(
  state: FormState,
  given: { name: string; label: string; hint?: Text },
): Markup {
  const isOn = (state.values[given.name] ?? '') !== '';
  const { name, label, hint } = given;
  return html`<div class="field"><label class="check"><input type="checkbox" name="${
    name
  }" id="${idOf(name)}" value="on"${isOn && html` checked`}${
    hint !== undefined && html` aria-describedby="${idOf(name)}-hint"`
  }>${label}</label>${
    hint !== undefined && html`<p class="hint" id="${idOf(name)}-hint">${hint}</p>`
  }</div>`;
}

/** On top of the form; the first thing that a screen reader says. Null without errors. */
export function errorList(state: FormState): Markup | null {
  const errors = Object.entries(state.errors);
  if (errors.length === 0) return null;
  const items = errors.map(([name, text]) =>
    name === '' ? html`<li>${text}</li>` : html`<li><a href="${`#${idOf(name)}`}">${text}</a></li>`,
  );
  return html`<div class="errors" role="alert"><strong>${
    errors.length === 1 ? 'This was not saved:' : 'Nothing was saved:'
  }</strong><ul>${items}</ul></div>`;
}

export function submit(text: string, kind: 'main' | 'danger' = 'main', cancel?: string): Markup {
  return html`<p class="actions"><button class="${kind}">${text}</button>${
    cancel !== undefined && html`<a href="${cancel}">Cancel</a>`
  }</p>`;
}

export function idOf(name: string): string {
  return `f-${name.replace(/[^A-Za-z0-9-]/g, '-')}`;
}

function control(state: FormState, given: Field): Markup {
  const { name, isRequired, rows, options, maxLength } = given;
  const value = state.values[name] ?? '';
  const described = [
    given.hint === undefined ? '' : `${idOf(name)}-hint`,
    state.errors[name] === undefined ? '' : `${idOf(name)}-wrong`,
  ].filter((id) => id !== '');
  const rest = html` id="${idOf(name)}" name="${name}"${isRequired === true && html` required`}${
    maxLength !== undefined && html` maxlength="${maxLength}"`
  }${described.length > 0 && html` aria-describedby="${described.join(' ')}"`}${
    state.errors[name] !== undefined && html` aria-invalid="true"`
  }${given.isCode === true && html` autocapitalize="none" spellcheck="false"`}${
    given.autocomplete !== undefined && html` autocomplete="${given.autocomplete}"`
  }`;
  if (options !== undefined) {
    const list = options.map(
      (option) =>
        html`<option value="${option.value}"${option.value === value && html` selected`}>${
          option.text
        }</option>`,
    );
    return html`<select${rest}>${list}</select>`;
  }
  // The first line feed of a text area is dropped by browsers.
  if (rows !== undefined) return html`<textarea rows="${rows}"${rest}>\n${value}</textarea>`;
  return html`<input type="${given.type ?? 'text'}" value="${value}"${rest}>`;
}
