// Everything that the server answers, in one list. A new part is a line here.

import { addAuditRoutes } from './accounts/routes-audit.ts';
import { addSessionRoutes } from './accounts/routes-session.ts';
import { addUserRoutes } from './accounts/routes-users.ts';
import { addProbeRoutes } from './enroll/routes-probe.ts';
import { addProbeHistoryRoutes } from './enroll/routes-probe-history.ts';
import { addFleetRoutes } from './fleet/routes.ts';
import { addFleetBoardRoutes } from './fleet/routes-boards.ts';
import { addFleetSetRoutes } from './fleet/routes-sets.ts';
import { addPages } from './page/routes.ts';
import { addOverviewRoutes } from './page/routes-overview.ts';
import type { AddRoutes } from './request/context.ts';

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
