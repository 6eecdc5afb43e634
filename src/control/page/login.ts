// The only pages that a stranger sees: how to come in, and what went wrong.
import { html } from 'hono/html';
import { errorList, type FormState, field, form, hidden, submit } from './form.ts';
import type { Frame, Page } from './shell.ts';

export interface LoginInput {
  state: FormState;
  /** Where to go afterwards: a path of ours. */
  next: string;
  /** Whether any account exists. */
  hasAccounts: boolean;
  isStatusPublic: boolean;
}

export function loginPage({ state, next, hasAccounts, isStatusPublic }: LoginInput): Page {
  const status =
    isStatusPublic && html`<p class="lead">Or look at the <a href="/status">status page</a>.</p>`;
  return {
    place: null,
    title: 'Log in',
    tone: 'info',
    heading: 'Log in',
    lead: hasAccounts
      ? html`Without a password: <code>flint control link NAME</code>, on the machine of the
control, prints a link that works once.`
      : html`There is no account yet. On the machine itself, <code>flint control user add NAME
--role admin</code> makes one and prints a link to log in.`,
    reloadSeconds: null,
    main: html`${errorList(state)}${form('/login', '', [
      hidden('next', next),
      field(state, {
        name: 'name',
        label: 'Name',
        autocomplete: 'username',
        isRequired: true,
        isCode: true,
        maxLength: 64,
      }),
      field(state, {
        name: 'password',
        label: 'Password',
        type: 'password',
        autocomplete: 'current-password',
        isRequired: true,
      }),
      submit('Log in'),
    ])}${status}`,
  };
}

/** A link is used by a button, not by looking: mail filters and previews look at links. */
export function linkPage(frame: Frame, token: string, state: FormState): Page {
  const isRefused = Object.keys(state.errors).length > 0;
  return {
    place: null,
    title: 'Log in',
    tone: 'info',
    heading: isRefused ? 'This link does not work' : 'Log in with this link',
    lead: isRefused ? '' : 'It works once.',
    reloadSeconds: null,
    main: html`${errorList(state)}${
      isRefused
        ? html`<p class="lead">Ask an administrator for another, or <a href="/login">log in with
your password</a>.</p>`
        : form(`/login/link/${encodeURIComponent(token)}`, frame.csrf, submit('Log in'))
    }`,
  };
}

/** Where to go after a login: a path of this site and nothing else. */
export function safeNext(next: string): string {
  return /^\/(?![/\\])[\x21-\x7e]{0,500}$/.test(next) && !next.startsWith('/login') ? next : '/';
}

const ERRORS: Readonly<Record<number, { heading: string; hint: string }>> = {
  400: { heading: 'That was not understood', hint: 'Go back and look at what was sent.' },
  401: { heading: 'Please log in', hint: '' },
  403: { heading: 'Not allowed', hint: '' },
  404: { heading: 'There is nothing here', hint: 'It may have been removed or renamed.' },
  409: { heading: 'That does not go together', hint: 'Nothing was changed.' },
  413: { heading: 'That is too much', hint: 'Nothing was changed.' },
  429: { heading: 'Too many tries', hint: 'Wait a little, then try again.' },
  500: { heading: 'That was our fault', hint: 'The log of the control says more.' },
  503: { heading: 'Not now', hint: 'Try again in a moment.' },
};

export function errorPage(frame: Frame, status: number, message: string): Page {
  const { heading, hint } = ERRORS[status] ?? { heading: 'Not possible', hint: '' };
  const words = message === '' ? '' : `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  const told = words === '' || /[.!?]$/.test(words) ? words : `${words}.`;
  return {
    place: null,
    title: heading,
    tone: status >= 500 ? 'bad' : 'info',
    heading,
    lead: html`${told} ${hint}`,
    reloadSeconds: null,
    main: html`<p class="actions lead"><a class="button" href="/">Overview</a>${
      frame.reader === null && html`<a class="button" href="/login">Log in</a>`
    }</p>`,
  };
}
