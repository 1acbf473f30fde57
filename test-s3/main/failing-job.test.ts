import { createDirectory } from './directory.ts';
import { describeFailingJob } from './failing-job.ts';

describeFailingJob('a directory store', createDirectory);
