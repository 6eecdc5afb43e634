// The part of the style sheet that paths need: the line under a graph, the table of hops, the list
// of paths, and the changes with their two columns. A phone lays the rows of both tables out anew.

export const pathStyle = `
.way{display:flex;flex-wrap:wrap;align-items:center;gap:.125rem .625rem;margin-top:.375rem;
 font-size:.875rem;color:var(--quiet);overflow-wrap:anywhere}
.way>span:last-child{flex:1 1 auto}
.two .way{grid-row:5}
.pair{display:grid;gap:var(--gap);margin-top:var(--gap)}
.since{margin:.125rem 0 .375rem}
.since strong{font-weight:600}
.since .unreached{color:var(--many-text)}
.hops th,.hops td{padding-right:.5rem;vertical-align:top}
.hops th{white-space:normal}
.hops .who{min-width:7.5rem;white-space:normal;overflow-wrap:anywhere;text-align:left}
.hops .verdict{min-width:6rem}
.hops .more{display:block;font-size:.75rem;color:var(--quiet)}
.hops .ttl,.hops .verdict,.hops .traces{text-align:left}
.hops .verdict{white-space:normal;color:var(--quiet)}
.hops .new .who{font-weight:600}
.newhop{color:var(--mark-text);border-color:var(--mark);font-weight:600}
.loss-few.verdict,.lost.loss-few{color:var(--few-text)}
.loss-some.verdict,.lost.loss-some{color:var(--some-text)}
.loss-many.verdict,.lost.loss-many,.state.unreached{color:var(--many-text)}
.changes{display:grid;gap:.25rem}
.changes details{border-top:1px solid var(--rule);padding-top:.25rem}
.changes li:first-child details{border-top:0}
.changes summary{padding:.125rem 0;font-size:.875rem;cursor:pointer;overflow-wrap:anywhere}
.diff{width:auto;margin:.125rem 0 .375rem}
.diff th,.diff td{text-align:left;white-space:normal;overflow-wrap:anywhere;vertical-align:top}
.diff td:nth-child(odd){color:var(--quiet);white-space:nowrap}
.diff .same td{color:var(--quiet)}
.changed .gone,.removed .gone{color:var(--many-text);text-decoration:line-through}
.changed .fresh,.added .fresh{color:var(--good-text);font-weight:600}
.removed .gone::before{content:"\\2212\\a0"}.added .fresh::before{content:"+\\a0"}
.list{margin-top:.875rem}
.paths td{text-align:left;white-space:normal;vertical-align:middle}
.paths th{text-align:left}
.paths .name{overflow-wrap:anywhere}
.paths .name a{margin-right:.25rem}
.paths .both{white-space:nowrap}
.paths .chip{margin-right:.25rem}
pre{margin-top:.5rem;padding:.5rem .75rem;overflow-x:auto;background:var(--ground);
 border-radius:.375rem;font-size:.8125rem}
@media(max-width:45.99rem){
.hops,.paths,.hops tbody,.paths tbody{display:block}
.paths thead{display:none}
.hops thead{display:block}
.hops tr{display:grid;grid-template-columns:1.375rem repeat(5,minmax(0,1fr));gap:0 .375rem;
 padding:.3125rem 0;border-bottom:1px solid var(--rule)}
.hops .who{grid-column:2/5}
.hops .traces{grid-column:5/7;justify-self:end}
.hops .rtt{text-align:right}
.hops .rtt:nth-child(4){grid-column:2}
.hops .verdict{grid-column:2/7}
.paths tr{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:.125rem .75rem;padding:.5rem 0;
 border-bottom:1px solid var(--rule)}
.paths .name,.paths .beads{grid-column:1/3}
.hops .who{min-width:0}
.hops tr>*,.paths tr>*{padding:0;border:0}
.paths .none{display:none}
.paths .since::before{content:"the same for "}
.paths .change::before{content:"changed "}
}
@media(min-width:84rem){
.pair.whole{grid-template:auto 1fr/minmax(0,4fr) minmax(0,5fr)}
.pair.whole .path{grid-area:1/2/3/3}
.pair.whole .path+.card{grid-area:2/1}
}
`;
