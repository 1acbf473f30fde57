import { createDirectory } from './directory.ts';
import { describeMainJob } from './main-job.ts';

describeMainJob('a directory store', createDirectory);
