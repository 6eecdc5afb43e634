// The one style sheet of the control's pages: what all pages share, and what only these have:
// navigation, forms, long tables, cards of probes.
import {
  cardStyle,
  detailStyle,
  frameStyle,
  styleSheetOf,
  themeStyle,
} from '../../graph/page-style.ts';
import { graphStyle } from '../../graph/style.ts';

const navigation = `
.site{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.5rem 1rem}
.site .brand{font-size:1.125rem;font-weight:700;overflow-wrap:anywhere}
.site .brand a{color:inherit;text-decoration:none}
.site .brand .quiet{font-weight:400;font-size:.9375rem;margin-left:.375rem}
.site .who{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem .75rem;font-size:.875rem}
.menu{flex:1 0 100%}
.menu ul{display:flex;flex-wrap:wrap;gap:.125rem .25rem}
.menu a{display:block;padding:.3125rem .6875rem;border-radius:.5rem;border:1px solid transparent;
 color:var(--ink);text-decoration:none}
.menu a:hover{text-decoration:underline}
.menu [aria-current]{background:var(--paper);border-color:var(--edge);font-weight:600}
h1{margin-top:1rem}
.headline+.actions,.lead{margin-top:.5rem}
.crumbs{margin-top:.875rem;font-size:.875rem}
.crumbs+h1{margin-top:.25rem}
.lead{max-width:46rem;color:var(--quiet)}
.said{margin-top:.875rem;padding:.5rem .875rem;background:var(--paper);
 border:1px solid var(--good);border-left-width:.25rem;border-radius:.625rem}
.counts{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin-top:.5rem;font-size:.9375rem}
.counts strong{font-weight:650}
.counts a{color:inherit;text-decoration-color:var(--axis);text-underline-offset:.15em}
main>h2,main>section:not(.card)>h2{margin-top:1.375rem}
main>.card,main>section>.card{margin-top:.625rem}
main .card.block h2{margin-bottom:.375rem}
`;

const forms = `
form.inline{display:inline}
.form{display:grid;gap:.875rem;max-width:46rem;margin-top:.875rem}
.card .form{margin-top:.375rem}
.field{display:grid;gap:.1875rem;min-width:0;align-content:start}
.field label,legend{font-weight:600;font-size:.9375rem}
.hint{color:var(--quiet);font-size:.8125rem;overflow-wrap:anywhere}
.wrong{color:var(--many-text);font-size:.875rem;font-weight:600;overflow-wrap:anywhere}
input,select,textarea,button,.button{font:inherit;font-size:.9375rem;color:var(--ink);
 border:1px solid var(--field);border-radius:.4375rem;background:var(--paper);
 padding:.375rem .625rem;min-height:2.25rem;max-width:100%}
input:not([type=checkbox],[type=radio]),textarea,select{width:100%}
textarea{min-height:6rem;font-family:ui-monospace,SFMono-Regular,Menlo,monospace;
 font-size:.875rem;resize:vertical;white-space:pre;overflow-x:auto}
input[type=checkbox],input[type=radio]{min-height:0;width:1.125rem;height:1.125rem;
 margin:0 .5rem 0 0;vertical-align:-.1875rem;accent-color:var(--link)}
[aria-invalid=true]{border-color:var(--many);border-width:2px}
button,.button{display:inline-block;cursor:pointer;font-weight:600;text-decoration:none;
 line-height:1.4;background:var(--ground)}
button.main,.button.main{background:var(--link);border-color:var(--link);color:var(--paper)}
button.danger,.button.danger{border-color:var(--many);color:var(--many-text)}
button:hover,.button:hover{text-decoration:underline}
button.plain{border:0;background:none;padding:0;min-height:1.5rem;color:var(--link);
 font-weight:400;text-decoration:underline}
.actions{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem .75rem}
.field .check{display:block;font-weight:400}
.inline select{width:auto}
fieldset{margin:0;padding:.75rem var(--pad) .875rem;border:1px solid var(--edge);
 border-radius:.625rem;display:grid;gap:.75rem;min-width:0}
legend{padding:0 .375rem}
.row{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fit,minmax(min(11rem,100%),1fr))}
.errors{margin-top:.875rem;padding:.625rem .875rem;background:var(--paper);
 border:1px solid var(--many);border-left-width:.25rem;border-radius:.625rem;max-width:46rem}
.errors ul{margin-top:.25rem}
.errors a{color:inherit}
.search{display:flex;flex-wrap:wrap;align-items:end;gap:.5rem .75rem;margin-top:.75rem}
.search .field{flex:0 1 9rem}
.search .field.wide{flex:1 1 14rem}
.search .field label{font-size:.8125rem;font-weight:400;color:var(--quiet)}
.fold>summary{cursor:pointer;color:var(--link)}
code,.code{font-family:ui-monospace,SFMono-Regular,Menlo,monospace;font-size:.9em;
 overflow-wrap:anywhere}
.secret{display:block;margin-top:.375rem;padding:.5rem .75rem;background:var(--ground);
 border-radius:.375rem;font-size:1rem;overflow-wrap:anywhere;user-select:all}
pre{margin-top:.5rem;padding:.5rem .75rem;overflow-x:auto;background:var(--ground);
 border-radius:.375rem;font-size:.8125rem}
`;

const lists = `
.fleet td,.fleet th{text-align:left;white-space:normal;vertical-align:top}
.fleet th{white-space:nowrap}
.fleet td{overflow-wrap:break-word}
.fleet td.whole,.fleet .diffs{overflow-wrap:anywhere}
.fleet th[aria-sort]{color:var(--ink);font-weight:600}
.fleet th a{color:inherit}
.fleet td .quiet{font-size:.8125rem}
.fleet .name{font-weight:600;white-space:nowrap}
.fleet .num{text-align:right;white-space:nowrap}
.fleet .when{white-space:nowrap}
.fleet .do{text-align:right}
.state{white-space:nowrap}
.glimpses{display:grid;gap:var(--gap);margin-top:.625rem;
 grid-template-columns:repeat(auto-fill,minmax(min(15.5rem,100%),1fr))}
.glimpses .card{padding:.625rem .875rem .75rem}
.glimpses h3{font-size:1.0625rem;font-weight:650;color:var(--ink)}
.glimpses h3 a{color:inherit;text-decoration:none}
.glimpses h3 a:hover{text-decoration:underline}
.glimpses p{font-size:.8125rem;color:var(--quiet);overflow-wrap:anywhere}
.smoke.glimpse{margin:.5rem 0 0;width:100%}
.glimpses .foot{margin-top:.25rem}
.steps{margin:.5rem 0 0;padding:0;counter-reset:step;list-style:none;display:grid;gap:.75rem}
.steps li{position:relative;padding-left:2.25rem}
.steps li::before{counter-increment:step;content:counter(step);position:absolute;left:0;top:0;
 width:1.5rem;height:1.5rem;border-radius:50%;background:var(--edge);text-align:center;
 font-weight:650;line-height:1.5rem}
.join{display:grid;gap:.375rem .875rem;grid-template-columns:1fr;align-items:center}
.join .fingerprint,.fingerprint{font-family:ui-monospace,SFMono-Regular,Menlo,monospace;
 font-size:1rem;font-weight:600;letter-spacing:.02em}
.diffs{overflow-wrap:anywhere}
.diffs li{display:inline}
.diffs li+li::before{content:" · ";color:var(--quiet)}
.diffs .gone{color:var(--many-text);text-decoration:line-through}
.diffs .fresh{color:var(--good-text);font-weight:600}
.facts{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.25rem 1rem;
 font-size:.875rem}
.facts dt{color:var(--quiet)}.facts dd{overflow-wrap:anywhere}
.spans{align-self:flex-start;margin-top:.875rem}
.way .fold{flex:none}
.way .fold[open]{flex:1 0 100%}
.way .fold ul{margin-top:.25rem}
.apart{margin-top:.375rem;font-size:.875rem;color:var(--quiet);overflow-wrap:anywhere}
.way{display:flex;flex-wrap:wrap;align-items:center;gap:.125rem .625rem;margin-top:.375rem;
 font-size:.875rem;color:var(--quiet);overflow-wrap:anywhere}
.pairs{display:grid;gap:var(--gap);margin-top:.625rem}
.daybar{display:block}
.daybar .well{fill:var(--good)}.daybar .some{fill:var(--few)}.daybar .down{fill:var(--many)}
.daybar .unknown{fill:var(--axis)}
.bars{display:grid;gap:.75rem;margin-top:.625rem}
.bars .scale{display:flex;justify-content:space-between;font-size:.75rem;color:var(--quiet)}
.cost{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;margin:.25rem 0}
.cost dt{font-size:.8125rem;color:var(--quiet)}.cost dd{font-weight:650}
.cost div{display:flex;flex-direction:column-reverse;justify-content:flex-end}
@media(min-width:46rem){
.menu{flex:0 1 auto}
.join{grid-template-columns:1fr auto}
}
@media(min-width:62rem){
.pairs{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
}
@media(max-width:45.99rem){
.fleet.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.fleet.stack,.fleet.stack tbody{display:block}
.fleet.stack tr{display:flex;flex-wrap:wrap;gap:.125rem .75rem;padding:.5rem 0;
 border-bottom:1px solid var(--rule)}
.fleet.stack td{display:block;padding:0;border:0;text-align:left}
.fleet.stack td:first-child,.fleet.stack td.whole{flex:1 0 100%}
.fleet.stack td:empty{display:none}
}
`;

/** The edge of a field reaches 3:1 on its ground. */
const fieldColour = `:root{--field:#85868c}
@media(prefers-color-scheme:dark){:root{--field:#73777f}}
`;

const shared = `${themeStyle}${fieldColour}${frameStyle}${cardStyle}${detailStyle}${graphStyle}`;
const body = `${shared}${navigation}${forms}${lists}`;

/** Served as `text/css`; the path changes with the body. */
export const styleSheet: { path: string; body: string } = styleSheetOf(body);
