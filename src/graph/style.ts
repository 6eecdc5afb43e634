// The part of a style sheet that smoke graphs, sparklines and strips of hops need: a page puts it
// after its own custom properties (`--paper`, `--ink`, `--quiet`, `--rule`, `--axis`, `--good`,
// `--few`, `--some`, `--many`, `--load`, `--smoke`, `--bead`). There are no `style` attributes: the
// content security policy forbids them.

export const graphStyle = `
.smoke{display:block;overflow:visible;margin:0 .5rem 0 3.25rem;width:calc(100% - 3.75rem);
 font-size:.6875rem;font-variant-numeric:tabular-nums}
.smoke text{fill:var(--quiet)}
.smoke path,.smoke rect,.smoke line{vector-effect:non-scaling-stroke}
.smoke .grid{stroke:var(--rule);shape-rendering:crispEdges}
.smoke .base{stroke:var(--axis);shape-rendering:crispEdges}
.smoke .all,.smoke .most,.smoke .half{fill:var(--smoke);shape-rendering:crispEdges}
.smoke .all{fill-opacity:.2}.smoke .most{fill-opacity:.26}.smoke .half{fill-opacity:.4}
.smoke .clip{fill:var(--smoke);fill-opacity:.9}
.smoke .median{fill:none;stroke-width:2;stroke-linejoin:round}
.smoke .median.none{stroke:var(--good)}.smoke .median.few{stroke:var(--few)}
.smoke .median.some{stroke:var(--some)}.smoke .median.many{stroke:var(--many)}
.smoke .loss{stroke-width:1}
.smoke .loss.few{fill:var(--few);stroke:var(--few)}
.smoke .loss.some{fill:var(--some);stroke:var(--some)}
.smoke .loss.many{fill:var(--many);stroke:var(--many)}
.smoke .lost{fill:var(--many);fill-opacity:.16}
.smoke rect.outage{fill:var(--many);fill-opacity:.16}
.smoke .outageline{stroke:var(--many);stroke-dasharray:3 3}
.smoke .markline{stroke:var(--mark);stroke-dasharray:3 3}
.smoke .loaded{fill:var(--load);fill-opacity:.22}
.smoke .gap{stroke:var(--quiet);stroke-opacity:.28;stroke-dasharray:1 5}
.smoke .gaptext,.smoke .label{paint-order:stroke;stroke:var(--paper);stroke-width:5px;
 stroke-linejoin:round}
.smoke .label.outage{fill:var(--many-text)}
.smoke .label.mark{fill:var(--mark-text)}
.smoke .label.load{fill:var(--load-text)}
.smoke .tip,.strip .tip{fill:transparent}
.smoke .tip:hover,.strip .tip:hover{fill:var(--ink);fill-opacity:.08}
.spark,.strip{display:block;flex:none}
.spark path{vector-effect:non-scaling-stroke}
.spark .foot{stroke:var(--rule)}
.spark .line{fill:none;stroke:var(--good);stroke-width:1.5}
.spark .still{fill:var(--axis)}
.spark .clip{fill:var(--smoke)}
.strip path{fill:none;stroke-linecap:round}
.strip .wire{stroke:var(--axis);stroke-width:1.5}
.strip .broken{stroke:var(--axis);stroke-width:1.5;stroke-dasharray:1 3}
.strip .bead,.strip .hollow{stroke:var(--bead);stroke-width:8}
.strip .hole{stroke:var(--paper);stroke-width:5}
.strip .end{stroke:var(--bead);stroke-width:10.5}
.strip .ring{stroke:var(--mark);stroke-width:14;stroke-opacity:.4}
.strip .lossy{stroke-linecap:square;stroke-width:7}
.strip .lossy.few{stroke:var(--few)}.strip .lossy.some{stroke:var(--some)}
.strip .lossy.many{stroke:var(--many)}
.strip .cross{stroke:var(--many);stroke-width:2}
.strip.fine .bead,.strip.fine .hollow{stroke-width:4}
.strip.fine .hole{stroke-width:2}
.strip.fine .end{stroke-width:6}
.strip.fine .ring{stroke-width:8}
.strip.fine .lossy{stroke-width:3.5}
@media(max-width:26rem){.smoke .odd{display:none}}
`;
