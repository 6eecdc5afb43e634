// The style that all pages of the product share, of probes and of the control: colours of both
// themes, the frame, cards and tables. Text colours reach 4.5:1 and lines 3:1 on their ground in
// both themes; what a colour says is also said by a word, a shape or a height.

const light = `
--ground:#f6f5f2;--paper:#ffffff;--ink:#1c1c1e;--quiet:#5d5f65;--rule:#e6e5e1;--axis:#b9b8b3;
--edge:#e2e0db;--good:#0b7a6b;--few:#b07d00;--some:#d2600a;--many:#c2264b;--mark:#3c66c4;
 --load:#9b86f2;--bead:#76808d;
--smoke:#5c6673;--good-text:#08695c;--few-text:#7d5900;--some-text:#a84300;--many-text:#b01c40;
--mark-text:#2f56ad;--load-text:#6247c4;--link:#2350a8;--pad:1rem;--gap:.875rem;`;

const dark = `
--ground:#131416;--paper:#1b1d20;--ink:#ececea;--quiet:#a6a9b0;--rule:#2b2e33;--axis:#565b63;
--edge:#2a2d31;--good:#35bfa5;--few:#e0ac2b;--some:#f08b3e;--many:#ff6f86;--mark:#82a6ff;
 --load:#8e7df0;--bead:#8d96a4;
--smoke:#c3cad4;--good-text:#4fd0b7;--few-text:#e8ba47;--some-text:#f59d59;--many-text:#ff8a9c;
--mark-text:#9dbaff;--load-text:#b3a6ff;--link:#9dbaff;`;

export const frameStyle = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;max-width:88rem;padding:1.25rem clamp(1rem,3vw,2.5rem) 2rem;
 background:var(--ground);
 color:var(--ink);font:0.9375rem/1.45 system-ui,-apple-system,"Segoe UI",sans-serif;
 font-variant-numeric:tabular-nums}
h1,h2,h3,h4,p,ul,dl,dd,table{margin:0;padding:0}
ul{list-style:none}
a{color:var(--link)}
h1 a,h2 a{color:inherit;text-decoration:none}
h1 a:hover,h2 a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:.25rem}
main:focus{outline:none}
.quiet{color:var(--quiet);font-weight:400}
.hidden,.skip:not(:focus){position:absolute;width:1px;height:1px;overflow:hidden;
 clip-path:inset(50%);
 white-space:nowrap}
.skip:focus{position:absolute;top:.5rem;left:.5rem;padding:.5rem .75rem;background:var(--paper);
 z-index:1}
.top{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.5rem 1rem}
.top h1{flex:1 0 100%;min-width:0}
.top .tabs{flex:none}
h1{font-size:1.375rem;line-height:1.25;overflow-wrap:anywhere}
h1 .quiet{display:block;font-size:.875rem}
.tabs ul{display:flex;flex-wrap:wrap;gap:.125rem;background:var(--edge);border-radius:.5rem;
 padding:.1875rem}
.tabs a{display:block;min-width:2.75rem;padding:.25rem .75rem;border-radius:.375rem;
 text-align:center;
 color:var(--ink);text-decoration:none}
.tabs a:hover{text-decoration:underline}
.tabs [aria-current]{background:var(--paper);font-weight:600}
.tabs a:focus-visible{outline-offset:0}
.pages{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1rem;margin-top:1rem}
.headline{margin:.875rem 0 .5rem;font-size:1.1875rem;line-height:1.35;font-weight:600;
 overflow-wrap:anywhere}
.headline .dot{margin-right:.625rem}
.headline .quiet{font-size:.9375rem}
.dot{display:inline-block;width:.625rem;height:.625rem;margin-right:.4375rem;border-radius:50%;
 background:var(--good)}
.dot.info{background:var(--paper);border:2px solid var(--quiet)}
.dot.warn{background:var(--few);border-radius:1px;transform:rotate(45deg) scale(.85)}
.dot.bad{background:var(--many);border-radius:1px}
.status{display:flex;flex-wrap:wrap;gap:.125rem 1.125rem;font-size:.8125rem;color:var(--quiet)}
.status strong{color:var(--ink);font-weight:600}
.status .meaning{display:none}
.status .meaning::before{content:"("}.status .meaning::after{content:")"}
.notices{margin-top:.875rem;background:var(--paper);border:1px solid var(--edge);
 border-radius:.625rem;
 overflow:hidden}
.notices li{padding:.3125rem .75rem .375rem;font-size:.875rem;border-left:.25rem solid var(--axis);
 overflow-wrap:anywhere}
.notices li+li{border-top:1px solid var(--rule)}
.notices .bad{border-left-color:var(--many)}.notices .warn{border-left-color:var(--few)}
.notices strong{font-weight:600}
.notices a{color:inherit;text-decoration-color:var(--axis);text-underline-offset:.15em}
.legend{display:flex;flex-wrap:wrap;gap:.125rem 1rem;margin-top:1rem;font-size:.8125rem;
 color:var(--quiet)}
.key{display:inline-block;width:1.125rem;height:.5rem;margin-right:.375rem;border-radius:1px}
.key.all{background:color-mix(in srgb,var(--smoke) 20%,var(--paper));outline:1px solid var(--rule)}
.key.most{background:color-mix(in srgb,var(--smoke) 41%,var(--paper))}
.key.half{background:color-mix(in srgb,var(--smoke) 65%,var(--paper))}
.key.none,.key.few,.key.some,.key.many{height:.1875rem;vertical-align:.15em}
.key.none{background:var(--good)}.key.few{background:var(--few)}.key.some{background:var(--some)}
.key.many{background:var(--many)}.key.load{background:var(--load);opacity:.5}
.key.gap{background:repeating-linear-gradient(90deg,var(--quiet) 0 1px,transparent 1px 4px)}
main{display:flex;flex-direction:column}
main .legend{order:1}
footer{margin-top:1.5rem;color:var(--quiet);font-size:.8125rem}
footer p+p{margin-top:.25rem}
`;

export const cardStyle = `
.cards{display:grid;grid-auto-flow:dense;gap:var(--gap);margin-top:.75rem}
.card{min-width:0;padding:.75rem var(--pad) .875rem;background:var(--paper);
 border:1px solid var(--edge);
 border-radius:.75rem}
.card>header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.125rem .625rem}
h2{font-size:1.0625rem;line-height:1.3;font-weight:650;overflow-wrap:anywhere}
h3{font-size:.875rem;font-weight:400;color:var(--quiet);overflow-wrap:anywhere}
h4{font-size:.875rem;font-weight:600}
.chip{padding:0 .375rem;border:1px solid var(--edge);border-radius:.3125rem;font-size:.8125rem;
 color:var(--quiet);overflow-wrap:anywhere}
.family{margin-right:.25rem;font-weight:600}
.panels{display:grid;gap:1rem;margin-top:.25rem}
.panel{min-width:0}
.figures{display:flex;flex-wrap:wrap;align-content:flex-start;gap:.125rem .75rem;margin:.25rem 0}
.figures div{display:flex;flex-direction:column-reverse;justify-content:flex-end}
.figures dt{font-size:.75rem;color:var(--quiet)}
.figures dd{font-size:.9375rem;font-weight:650;line-height:1.3;white-space:nowrap}
.loss-few dd{color:var(--few-text)}.loss-some dd{color:var(--some-text)}
.loss-many dd{color:var(--many-text)}
.note{margin-top:.375rem;font-size:.875rem;color:var(--quiet);overflow-wrap:anywhere}
.note.down{color:var(--many-text);font-weight:600}
.dense h2{font-size:1rem}
.dense .figures dd{font-size:.9375rem}
@media(min-width:46rem){
.top{flex-wrap:nowrap}
.top h1{flex:1 1 auto}
h1 .quiet{display:inline;margin-left:.25rem;font-size:.9375rem}
.status{column-gap:1.375rem;font-size:.875rem}
.status .meaning{display:inline}
.notices li{padding-inline:.875rem;font-size:.9375rem}
main .legend{order:0}
.cards{grid-template-columns:1fr 1fr}
.two{grid-column:span 2}
.two .panels{grid-template:repeat(5,auto)/repeat(2,minmax(0,1fr));
 gap:0 calc(var(--gap) + 2*var(--pad) + 2px)}
.two .panel{display:grid;grid-row:span 5;grid-template-rows:subgrid}
}
@media(min-width:130rem){
body{max-width:176rem}
.cards{grid-template-columns:repeat(4,1fr)}
}
`;

export const detailStyle = `
.crumb{margin:1rem 0 .25rem;font-size:.875rem}
.crumb+h2{font-size:1.25rem}
.families,.halves{display:grid;gap:var(--gap);margin-top:var(--gap)}
.families .card,.halves .card{margin-top:0}
.more{display:grid;gap:1rem;align-content:start}
.more h4 .quiet{font-weight:400;margin-left:.375rem}
.apart{margin-top:.375rem;font-size:.875rem;color:var(--quiet);overflow-wrap:anywhere}
.apart .family{margin-right:.375rem}
.apart .why{display:block;margin-top:.125rem}
.board{display:grid;margin-top:.25rem}
.says{font-weight:600}
.says~.about,.says~.scroll,.note~.about{margin-top:.625rem}
.block{margin-top:.875rem}
.block h3{font-size:1rem;font-weight:650;color:var(--ink);margin-bottom:.375rem}
.scroll{overflow-x:auto;margin:0 calc(-1*var(--pad));padding:0 var(--pad)}
table{border-collapse:collapse;width:100%;font-size:.8125rem}
caption{text-align:left;color:var(--quiet);padding-bottom:.25rem}
th{font-weight:400;color:var(--quiet)}
th,td{padding:.25rem .75rem .25rem 0;text-align:right;white-space:nowrap;
 border-bottom:1px solid var(--rule)}
th:first-child,td:first-child,.words th,.words td,th.words,td.words{text-align:left}
td.words{white-space:normal}
tr:last-child>*{border-bottom:0}
.about{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.25rem 1rem;
 font-size:.875rem}
.about dt{color:var(--quiet)}
.about dd{overflow-wrap:anywhere}
@media(min-width:62rem){
.figures{column-gap:1.25rem}
.figures dt{font-size:.8125rem}
.figures dd{font-size:1.0625rem}
.dense .panel{display:grid;grid-template-columns:minmax(0,1fr) auto;align-items:end;column-gap:1rem}
.dense .panel>:not(h3,.figures){grid-column:span 2}
.dense .figures{margin:0}
.dense h3{align-self:center}
.families.both,.halves{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
}
`;

/** Custom properties of both themes; the reader's system chooses. */
export const themeStyle = `:root{color-scheme:light dark;${light}}
@media(prefers-color-scheme:dark){:root{${dark}}}
`;

/** The custom properties of one theme, for the test of their contrast. */
export function themeColours(theme: 'light' | 'dark'): Map<string, string> {
  const text = theme === 'light' ? light : dark;
  return new Map(
    [...text.matchAll(/--([a-z-]+):(#[0-9a-f]{6})/g)].map(([, name = '', hex = '']) => [name, hex]),
  );
}

/** Under a name that holds its hash, so that a browser may keep it for ever. */
export function styleSheetOf(body: string): { path: string; body: string } {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
  return { path: `/style-${hash}.css`, body };
}
