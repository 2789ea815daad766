-- CRC-32 of the first row and the bytes of a chunk: src/store/dataset-chunks.ts. Null for chunks of earlier releases, which
-- are read unchecked.
ALTER TABLE "DatasetChunk" ADD COLUMN "checksum" INTEGER;
