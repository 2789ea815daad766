ALTER TABLE "Dataset"
    ADD COLUMN "droppedRows" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "inputShape" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    ADD COLUMN "image" JSONB,
    ADD COLUMN "scaling" TEXT NOT NULL DEFAULT 'standardize',
    ADD COLUMN "warnings" JSONB NOT NULL DEFAULT '[]';

UPDATE "Dataset" SET "scaling" = 'none' WHERE "origin" = 'inline';

ALTER TABLE "Job" ADD COLUMN "validationDatasetId" TEXT;

CREATE INDEX "Job_validationDatasetId_idx" ON "Job"("validationDatasetId");

ALTER TABLE "Job" ADD CONSTRAINT "Job_validationDatasetId_fkey" FOREIGN KEY ("validationDatasetId") REFERENCES "Dataset"("id") ON DELETE SET NULL ON UPDATE CASCADE;

UPDATE "Job" SET "spec" = jsonb_set("spec", '{scaling}', CASE
    WHEN "spec"->>'dataset' = 'iris' THEN '"standardize"'::jsonb
    ELSE coalesce((SELECT to_jsonb("scaling") FROM "Dataset" WHERE "Dataset"."id" = "Job"."datasetId"), '"none"'::jsonb)
END);

UPDATE "Model" SET "coding" = jsonb_set("coding", '{features}', coalesce(
    (SELECT jsonb_agg((feature - 'mean') || jsonb_build_object('type', 'number', 'offset', feature->'mean') ORDER BY place)
     FROM jsonb_array_elements("coding"->'features') WITH ORDINALITY AS features(feature, place)),
    '[]'::jsonb));

-- Chunks held float64 numbers row by row, cut anywhere; now they hold whole rows, column by column, behind a header.
ALTER TABLE "DatasetChunk" ADD COLUMN "firstRow" INTEGER, ADD COLUMN "rows" INTEGER;

DO $$
DECLARE
    dataset RECORD;
    old BYTEA;
    packed BYTEA;
    header BYTEA;
    width INTEGER;
    step INTEGER;
    first INTEGER;
    size INTEGER;
    place INTEGER;
BEGIN
    FOR dataset IN SELECT "id", "rows", "columns" FROM "Dataset" LOOP
        width := jsonb_array_length(dataset."columns");
        step := greatest(1, 524288 / width);
        SELECT string_agg("bytes", ''::bytea ORDER BY "index") INTO old FROM "DatasetChunk" WHERE "datasetId" = dataset."id";
        DELETE FROM "DatasetChunk" WHERE "datasetId" = dataset."id";
        place := 0;
        first := 0;
        WHILE first < dataset."rows" LOOP
            size := least(step, dataset."rows" - first);
            -- Rows and columns as little-endian 32-bit numbers, then format 6, float64, for each column.
            header := decode(lpad(to_hex(size), 8, '0') || lpad(to_hex(width), 8, '0'), 'hex');
            header := substring(header FROM 4 FOR 1) || substring(header FROM 3 FOR 1) || substring(header FROM 2 FOR 1) || substring(header FROM 1 FOR 1)
                || substring(header FROM 8 FOR 1) || substring(header FROM 7 FOR 1) || substring(header FROM 6 FOR 1) || substring(header FROM 5 FOR 1)
                || decode(repeat('06', width), 'hex');
            SELECT header || string_agg(substring(old FROM 1 + 8 * (row_number * width + column_number) FOR 8), ''::bytea ORDER BY column_number, row_number)
                INTO packed
                FROM generate_series(0, width - 1) AS column_number, generate_series(first, first + size - 1) AS row_number;
            INSERT INTO "DatasetChunk" ("datasetId", "index", "firstRow", "rows", "bytes")
                VALUES (dataset."id", place, first, size, packed);
            place := place + 1;
            first := first + size;
        END LOOP;
        UPDATE "Dataset" SET "bytes" = (SELECT sum(length("bytes")) FROM "DatasetChunk" WHERE "datasetId" = dataset."id")
            WHERE "id" = dataset."id";
    END LOOP;
END $$;

ALTER TABLE "DatasetChunk" ALTER COLUMN "firstRow" SET NOT NULL, ALTER COLUMN "rows" SET NOT NULL;
