// `/users` for administrators, and `/account` for everybody's own: sessions, tokens, password.
import { html } from 'hono/html';
import { formatDuration } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import type { Operator, Token } from '../accounts/operator-schemas.ts';
import type { SessionRow } from '../accounts/sessions.ts';
import { secretCard } from './claims.ts';
import { buttonForm, errorList, type FormState, field, form, submit } from './form.ts';
import { ago } from './probe-words.ts';
import type { Frame, Page } from './shell.ts';
import { card, table } from './table.ts';

export const ROLE_OPTIONS: ReadonlyArray<{ value: string; text: string }> = [
  { value: 'viewer', text: 'viewer: sees everything' },
  { value: 'operator', text: 'operator: changes probes and sets' },
  { value: 'admin', text: 'admin: changes accounts too' },
];

export interface UsersInput {
  users: readonly Operator[];
  state: FormState;
  /** A login link that was just made. */
  link: string | null;
}

export function usersPage(frame: Frame, { users, state, link }: UsersInput): Page {
  const heads = ['name', 'role', 'state', 'last login', ''].map((text) => ({ text }));
  return {
    place: 'users',
    title: 'Users',
    tone: 'info',
    heading: 'Users',
    lead:
      'A new account has no password: send its owner a login link, and he sets one. Links ' +
      'work once, for 15 minutes.',
    reloadSeconds: null,
    main: html`${link !== null && secretCard('The login link', link)}${card(
      'Accounts',
      table(
        'Accounts',
        heads,
        users.map((user) => userRow(frame, user)),
      ),
    )}${card(
      'Add an account',
      html`${errorList(state)}${form('/users', frame.csrf, [
        html`<div class="row">${[
          field(state, {
            name: 'name',
            label: 'Name',
            isRequired: true,
            isCode: true,
            maxLength: 64,
            autocomplete: 'off',
          }),
          field(state, { name: 'role', label: 'Role', options: ROLE_OPTIONS }),
        ]}</div>`,
        submit('Add the account'),
      ])}`,
      'add',
    )}`,
  };
}

export interface AccountInput {
  sessions: ReadonlyArray<SessionRow & { isOwn: boolean }>;
  tokens: readonly Token[];
  hasPassword: boolean;
  passwordState: FormState;
  tokenState: FormState;
  secret: string | null;
}

export function accountPage(frame: Frame, input: AccountInput): Page {
  const { reader } = frame;
  return {
    place: null,
    title: 'Your account',
    tone: 'info',
    heading: reader?.name ?? '',
    lead: `You are ${reader?.role === 'viewer' ? 'a' : 'an'} ${reader?.role ?? ''}.`,
    reloadSeconds: null,
    main: html`${input.secret !== null && secretCard('The API token', input.secret)}${[
      passwordCard(frame, input),
      sessionCard(frame, input.sessions),
      tokenCard(frame, input),
    ]}`,
  };
}

/** Before an account is removed. */
export function removeUserPage(frame: Frame, name: string, state: FormState): Page {
  return {
    place: 'users',
    title: `Remove ${name}`,
    tone: 'info',
    crumbs: [{ href: '/users', text: 'Users' }],
    heading: `Remove the account ${name}?`,
    lead: 'Its sessions and API tokens end at once. What it did stays in the audit log.',
    reloadSeconds: null,
    main: html`${errorList(state)}${form(userPath(name, 'remove'), frame.csrf, [
      submit('Remove', 'danger', '/users'),
    ])}`,
  };
}

function userRow(frame: Frame, user: Operator): Markup {
  const { name, role, disabledMs, lastLoginMs, hasPassword } = user;
  const state = disabledMs !== null ? 'disabled' : hasPassword ? 'has a password' : 'links only';
  const roles = ROLE_OPTIONS.map(
    ({ value }) => html`<option${value === role && html` selected`}>${value}</option>`,
  );
  const roleForm = html`<form class="inline" method="post" action="${userPath(
    name,
    'role',
  )}"><input type="hidden" name="_csrf" value="${
    frame.csrf
  }"><span class="actions"><select name="role" aria-label="Role of ${name}">${
    roles
  }</select><button>Set<span class="hidden"> the role of ${name}</span></button></span></form>`;
  const button = (text: string, path: string): Markup =>
    buttonForm(userPath(name, path), frame.csrf, { text, about: name });
  return html`<tr><td class="name">${name}</td><td>${roleForm}</td><td>${state}</td><td
class="when">${ago(lastLoginMs, frame.nowMs)}</td><td class="do whole"><span class="actions">${
    disabledMs === null
      ? [button('Login link', 'link'), button('Disable', 'disable')]
      : button('Enable', 'enable')
  }<a href="${userPath(name, 'remove')}">Remove<span class="hidden"> ${
    name
  }</span></a></span></td></tr>`;
}

function userPath(name: string, action: string): string {
  return `/users/${encodeURIComponent(name)}/${action}`;
}

function passwordCard(frame: Frame, { hasPassword, passwordState }: AccountInput): Markup {
  const current = field(passwordState, {
    name: 'current',
    label: 'Password now',
    type: 'password',
    autocomplete: 'current-password',
    isRequired: true,
  });
  return card(
    hasPassword ? 'Change the password' : 'Set a password',
    html`${errorList(passwordState)}${form('/account/password', frame.csrf, [
      ...(hasPassword ? [current] : []),
      field(passwordState, {
        name: 'password',
        label: 'New password',
        hint: 'At least 12 characters; a sentence is best. Other sessions end.',
        type: 'password',
        autocomplete: 'new-password',
        isRequired: true,
      }),
      submit('Save the password'),
    ])}`,
    'password',
  );
}

function sessionCard(frame: Frame, sessions: AccountInput['sessions']): Markup {
  const { nowMs } = frame;
  const heads = ['began', 'used', 'ends', ''].map((text) => ({ text }));
  const rows = sessions.map(
    ({ id, createdMs, usedMs, untilMs, isOwn }) =>
      html`<tr><td class="when">${ago(createdMs, nowMs)}</td><td class="when">${ago(
        usedMs,
        nowMs,
      )}</td><td>in ${formatDuration(untilMs - nowMs)} at the latest</td><td class="do">${
        isOwn
          ? 'this one'
          : buttonForm(`/account/sessions/${id}/end`, frame.csrf, {
              text: 'End',
              about: `session ${id}`,
            })
      }</td></tr>`,
  );
  return card('Where you are logged in', table('Sessions', heads, rows));
}

function tokenCard(frame: Frame, { tokens, tokenState }: AccountInput): Markup {
  const { nowMs, reader } = frame;
  const heads = ['label', 'role', 'used', 'ends', ''].map((text) => ({ text }));
  const rows = tokens.map(
    ({ id, label, role, usedMs, untilMs }) =>
      html`<tr><td class="name">${label}</td><td>${role}</td><td class="when">${ago(
        usedMs,
        nowMs,
      )}</td><td>${
        untilMs === null
          ? 'never'
          : untilMs <= nowMs
            ? 'ended'
            : `in ${formatDuration(untilMs - nowMs)}`
      }</td><td class="do">${buttonForm(`/account/tokens/${id}/remove`, frame.csrf, {
        text: 'Remove',
        about: label,
      })}</td></tr>`,
  );
  const own = ROLE_OPTIONS.slice(
    0,
    1 + ROLE_OPTIONS.findIndex(({ value }) => value === reader?.role),
  );
  return card(
    'API tokens',
    html`<p class="note">For programs, such as <code>flint fleet</code>. A token may do no more
than you.</p>${tokens.length > 0 && table('API tokens', heads, rows)}${errorList(tokenState)}${form(
      '/account/tokens',
      frame.csrf,
      [
        html`<div class="row">${[
          field(tokenState, {
            name: 'label',
            label: 'What it is for',
            isRequired: true,
            maxLength: 100,
          }),
          field(tokenState, { name: 'role', label: 'May act as', options: own }),
        ]}</div>`,
        submit('Make a token'),
      ],
    )}`,
    'tokens',
  );
}
