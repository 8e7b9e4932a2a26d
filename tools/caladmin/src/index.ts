export { main } from './main.ts';
export { openDeployment } from './open-deployment.ts';
export type { OpenDeployment } from './open-deployment.ts';
