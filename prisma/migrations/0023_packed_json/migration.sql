-- Specs, models and evaluations are stored compressed (src/store/packed-json.ts). What was stored before stays plain, behind
-- a zero byte. Of a spec, the columns say what statements need to know.
ALTER TABLE "Job" ADD COLUMN "threads" INTEGER NOT NULL DEFAULT 1, ADD COLUMN "hasFolds" BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN "fromModelId" TEXT;
UPDATE "Job" SET threads = "threadsOf"(spec), "hasFolds" = spec #> '{earlyStopping,folds}' IS NOT NULL,
    "fromModelId" = spec ->> 'from'
WHERE "threadsOf"(spec) <> 1 OR spec #> '{earlyStopping,folds}' IS NOT NULL OR spec ->> 'from' IS NOT NULL;
DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('"countJobs"'::regproc), '"threadsOf"(spec)', 'threads');
END $$;
DROP FUNCTION "threadsOf";
ALTER TABLE "Job" ALTER COLUMN "spec" TYPE BYTEA USING '\x00'::bytea || convert_to(spec::text, 'UTF8');

-- One rewrite of the table: the column of the network becomes that of all that describes the model.
ALTER TABLE "Model" ADD COLUMN "weights" BYTEA,
    ALTER COLUMN "network" TYPE BYTEA USING '\x00'::bytea || convert_to(json_build_object(
        'network', network, 'layers', layers, 'coding', coding, 'tensors', tensors)::text, 'UTF8'),
    ALTER COLUMN "evaluation" TYPE BYTEA USING '\x00'::bytea || convert_to(evaluation::text, 'UTF8');
ALTER TABLE "Model" RENAME COLUMN "network" TO "description";
ALTER TABLE "Model" DROP COLUMN "layers", DROP COLUMN "coding", DROP COLUMN "tensors";

-- Rows are a third as long: room for the versions that a claim and an end write beside them.
ALTER TABLE "Job" SET (fillfactor = 40);
