import { describeFailingJob } from '../main/failing-job.ts';
import { createCliStore } from './cli-store.ts';

describeFailingJob('a real S3 server', createCliStore);
