// Everything that the server answers, in one list. A new part is a line here.
import type { AddRoutes } from './context.ts';
import { addAuditRoutes } from './routes-audit.ts';
import { addFleetRoutes } from './routes-fleet.ts';
import { addFleetBoardRoutes } from './routes-fleet-boards.ts';
import { addFleetSetRoutes } from './routes-fleet-sets.ts';
import { addOverviewRoutes } from './routes-overview.ts';
import { addPages } from './routes-page.ts';
import { addProbeRoutes } from './routes-probe.ts';
import { addProbeHistoryRoutes } from './routes-probe-history.ts';
import { addSessionRoutes } from './routes-session.ts';
import { addUserRoutes } from './routes-users.ts';

export const ROUTES: readonly AddRoutes[] = [
  addSessionRoutes,
  addPages,
  addUserRoutes,
  addAuditRoutes,
  addFleetRoutes,
  addFleetSetRoutes,
  addFleetBoardRoutes,
  addOverviewRoutes,
  addProbeRoutes,
  addProbeHistoryRoutes,
];
