/** What a master forks. The only module of the package that does something when it is imported. */
import { runWorker } from './worker.ts';

runWorker();
