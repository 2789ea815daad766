-- Jobs outside a sweep, which are most jobs, need no entry.
DROP INDEX "Job_sweepId_trial_key";
CREATE UNIQUE INDEX "Job_sweepId_trial_key" ON "Job" ("sweepId", "trial") WHERE ("sweepId" IS NOT NULL);
