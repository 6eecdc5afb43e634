// The first page after an installation: how a real board becomes a probe, in three steps.
import { html } from 'hono/html';
import type { Markup } from '../../graph/smoke.ts';
import { canOperate, type Frame } from './shell.ts';

export function firstSteps(frame: Frame, origin: string): Markup {
  const register = canOperate(frame)
    ? html`<a href="/probes/new">Register it</a>`
    : html`Register it (an operator may: <a href="/login">log in</a>)`;
  const isLoopback = /^http:\/\/(127\.|localhost|\[::1\])/.test(origin);
  return html`<section class="card block" aria-label="Add a real board"><h2>Add a real board</h2>
<ol class="steps">
<li><strong>${register}</strong> with the MAC address that is printed on it. It gets a name, and if
you like a claim token that lets it join without asking.</li>
<li><strong>Flash the image</strong> for its hardware. On a Debian, or another Linux with systemd,
run <code>flint install --control ${origin}</code> from a clone that is built; without systemd
<code>flint agent --control ${origin}</code> beside <code>flint probe</code>.</li>
<li><strong>Plug it in.</strong> Within a minute it asks to join, on this page; compare the
fingerprint and approve it. Its first graphs appear a minute later.</li>
</ol>${
    isLoopback &&
    html`<p class="note">This control listens on this machine alone (<code>${
      origin
    }</code>). Boards elsewhere need an HTTPS origin: put it behind your TLS proxy, or give it a
certificate.</p>`
  }</section>`;
}
