/** Config → which service runs in this process. That, and each plugin's `runsIn`, is the whole of what a role means. */
import { MasterService } from './master.ts';
import type { Service, ServiceContext } from './service.ts';
import { SingleService } from './single.ts';

/** The roles `master` and `slave` were refused before (compose.ts). */
export function serviceOf(context: ServiceContext): Service {
  const { role } = context.loaded.sections.process;
  return role === 'combined' ? new MasterService(context) : new SingleService(context);
}
