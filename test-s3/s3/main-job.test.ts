import { describeMainJob } from '../main/main-job.ts';
import { createCliStore } from './cli-store.ts';

describeMainJob('a real S3 server', createCliStore);
