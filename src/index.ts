/** The public API: functions that take plain objects, return typed results and throw typed errors. */

export {
  type BackupOptions,
  type BackupPlanReport,
  type BackupResult,
  backup,
  type PlannedBackup,
  readBackupPlan,
  runBackupPlan,
  type StoredBackup,
} from './backup.ts';
export {
  type CleanupItem,
  type CleanupOptions,
  type CleanupPlanReport,
  type CleanupResult,
  cleanup,
  readCleanupPlan,
  runCleanupPlan,
} from './cleanup.ts';
export { type DeleteOptions, deleteBackups, readDeletePlan, runDeletePlan } from './delete.ts';
export {
  type Area,
  type DatasetSetup,
  type DoctorOptions,
  type DoctorReport,
  doctor,
  type Finding,
  type Verdict,
} from './doctor.ts';
export {
  ConfigError,
  type ConfigProblem,
  type ErrorCode,
  exitStatusOf,
  ProcessFailedError,
  StoreError,
  Zfs3BackupError,
} from './errors.ts';
export type { AgeKeys } from './filters/age.ts';
export { chainFilters, type FilterChain } from './filters/chain.ts';
export type { EncodedBody, ExternalFilter, Filter } from './filters/filter.ts';
export type { GpgKeys } from './filters/gpg.ts';
export { createFilterRegistry, type Encryption, type FilterRegistry } from './filters/registry.ts';
export { streamDecoders } from './filters/stream-decoders.ts';
export {
  type GetOptions as DownloadToOptions,
  get as download,
  type OpenFile,
  type Output,
  type OutputStream,
} from './get.ts';
export { createStreamInspector, type StreamInspectorOptions } from './inspect/create-stream-inspector.ts';
export { inspected } from './inspect/inspected.ts';
export type {
  EncodedFacts,
  Expectation,
  InspectDepth,
  StreamFacts,
  StreamInspector,
  UnknownFacts,
  ZfsFacts,
  ZfsStreamFacts,
} from './inspect/stream-inspector.ts';
export { createZfsInspector, type ZfsInspectorOptions } from './inspect/zfs-inspector.ts';
export type { Backup, Health, Lineage, LineageEntry } from './lineage/backup.ts';
export type { BackupChoice } from './lineage/choose-backup.ts';
export { PlanConflictError } from './lineage/conflict-error.ts';
export type { Conflict } from './lineage/conflicts.ts';
export { backupKey, parseBackupKey } from './lineage/key.ts';
export { buildLineage, chainTo } from './lineage/lineage.ts';
export { decodeBackup, encodeMetadata } from './lineage/metadata.ts';
export { type BackupPlan, type BackupRequest, type BackupStep, planBackup } from './lineage/plan-backup.ts';
export { planRestore, type RestorePlan, type RestoreRequest } from './lineage/plan-restore.ts';
export { planRetention, type RetentionRequest } from './lineage/plan-retention.ts';
export type { LostBackup, VerifyItem, VerifyLevel, VerifyPlan } from './lineage/plan-verify.ts';
export type { BackupRecord, RecordedFilter, RecordedPart } from './lineage/record.ts';
export { type PeriodRule, parseRetention, type RetentionRules } from './lineage/retention.ts';
export type { Sample } from './lineage/sample.ts';
export type { StatusSummary } from './lineage/status.ts';
export type { Coverage } from './lineage/uncovered.ts';
export type {
  Finding as VerifyFinding,
  FindingKind,
  NotVerified,
  Verdict as BackupVerdict,
} from './lineage/verdicts.ts';
export type { Logger } from './logger.ts';
export type { OnProgress, Progress } from './progress.ts';
export {
  type DeletedBackup,
  type DeletionItem,
  type DeletionPlan,
  type DeletionReport,
  type DeletionResult,
  type KeptBackup,
  type PruneOptions,
  prune,
  readPrunePlan,
  runPrunePlan,
} from './prune.ts';
export type { FetchOptions, InspectOptions, StoredStreamOptions } from './reading/fetch-options.ts';
export { type FoundBackups, readBackups } from './reading/read-backups.ts';
export type { ChosenOptions } from './reading/read-chosen.ts';
export { type DeletedBackupVersion, readDeleted } from './reading/read-deleted.ts';
export { readLineage, readLineages } from './reading/read-lineage.ts';
export { readRecord } from './reading/read-record.ts';
export {
  type ReindexOptions,
  type ReindexReport,
  type ReindexStep,
  readReindexPlan,
  reindex,
  runReindexPlan,
} from './reindex.ts';
export {
  type ReleaseOptions,
  type ReleasePlanReport,
  readReleasePlan,
  release,
  runReleasePlan,
} from './release.ts';
export {
  type PlannedRestore,
  type ReceivedBackup,
  type RestoreOptions,
  type RestorePlanReport,
  type RestoreResult,
  readRestorePlan,
  restore,
  runRestorePlan,
} from './restore.ts';
export {
  type ChosenStream,
  type RestoredStream,
  type RestoreStreamOptions,
  restoreStream,
} from './restore-stream.ts';
export type {
  DatasetState,
  MarkStep,
  Marks,
  PartialReceive,
  ReceiveStep,
  SendStep,
  Snapshot,
  SnapshotSource,
} from './sources/source.ts';
export { createZfsSource } from './sources/zfs/zfs-source.ts';
export {
  type LocalSide,
  type StatusOptions,
  type StatusReport,
  type StatusRow,
  type StoreStatusReport,
  type StoreStatusRow,
  status,
  statusOfStore,
} from './status.ts';
export type { Moved } from './steps/stored-stream.ts';
export type { WantedFilters } from './steps/try-filter.ts';
export { createDirectoryStore } from './store/directory-store.ts';
export type {
  Metadata,
  ObjectInfo,
  ObjectStore,
  ObjectSummary,
  OpenUpload,
  ThawTier,
  Upload,
  Versions,
} from './store/object-store.ts';
export { type OpenStoreOptions, openStore } from './store/open-store.ts';
export type { StoreLimits } from './store/store-limits.ts';
export type { DescriptorSource } from './stream/descriptor-source.ts';
export { readProcess } from './stream/process.ts';
export type { Summary } from './summary.ts';
export { type ThawedBackup, type ThawOptions, type ThawResult, thaw } from './thaw.ts';
export { type Download, type DownloadOptions, openDownload } from './transfer/download.ts';
export { findOpenUpload, type ResumableUpload } from './transfer/open-upload.ts';
export { type PartSchedule, type PartStep, partBytesAt } from './transfer/part-schedule.ts';
export { planTransfer, type TransferPlan, type TransferRequest } from './transfer/plan-transfer.ts';
export { type UploadOptions, type UploadResult, upload } from './transfer/upload.ts';
export {
  readUndeletePlan,
  runUndeletePlan,
  type UndeleteOptions,
  type UndeletePlanReport,
  type UndeleteResult,
  undelete,
} from './undelete.ts';
export {
  readVerifyPlan,
  runVerifyPlan,
  type VerifiedBackup,
  type VerifyOptions,
  type VerifyPlanReport,
  type VerifyResult,
  verify,
} from './verify.ts';
