"""datatrove's cleaning, masking and deduplication of the rows of a JSONL file; prints the CPU seconds and which rows it keeps.

Each language by its own word splitter (jieba for Chinese), which is how it is meant to be used. Runs of three words instead of
five, because an answer is short: with five, one edited word changes too much of it.
"""

import json
import resource
import sys
from pathlib import Path

from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.formatters import FTFYFormatter, PIIFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.logging import logger
from datatrove.utils.word_tokenizers import load_word_tokenizer

LANGUAGES = {"zh": "cmn_Hani", "en": "eng_Latn"}
CONFIG = MinhashConfig(n_grams=3, num_buckets=14, hashes_per_bucket=8)


def cpu_seconds() -> float:
    """Of this process and those it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def deduplicated(folder: Path, language: str, *, clean: bool) -> list[int]:
    """The rows of one language that are kept."""

    def read() -> object:
        rows = JsonlReader(str(folder / "rows"))(None, 0, 1)
        return PIIFormatter().run(FTFYFormatter(normalization="NFC").run(rows, 0, 1), 0, 1) if clean else rows

    signatures, buckets, removed = (str(folder / name) for name in ("signatures", "buckets", "removed"))
    MinhashDedupSignature(signatures, CONFIG, language=LANGUAGES[language]).run(read(), 0, 1)
    for bucket in range(CONFIG.num_buckets):
        MinhashDedupBuckets(signatures, buckets, config=CONFIG).run(None, bucket, CONFIG.num_buckets)
    MinhashDedupCluster(buckets, removed, config=CONFIG).run(None, 0, 1)
    kept = MinhashDedupFilter(removed).run(read(), 0, 1)
    return [int(document.id) for document in ParquetWriter(str(folder / "kept")).run(kept, 0, 1)]


def main() -> None:
    """Splits the rows by language, which is not timed; reads, deduplicates, writes parquet."""
    rows_path, output = Path(sys.argv[1]), Path(sys.argv[2])
    logger.remove()
    lines = rows_path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    for language, code in LANGUAGES.items():
        (output / language / "rows").mkdir(parents=True)
        own = [row for row in map(json.loads, lines) if row["language"] == language]
        documents = (json.dumps({"id": str(row["id"]), "text": row["text"]}, ensure_ascii=False) for row in own)
        (output / language / "rows" / "rows.jsonl").write_text("\n".join(documents), encoding="utf-8")
        load_word_tokenizer(code).word_tokenize("warm up")
    started = cpu_seconds()
    for language in LANGUAGES:
        deduplicated(output / language, language, clean=False)
    alone = cpu_seconds()
    kept = [row for language in LANGUAGES for row in deduplicated(output / language, language, clean=True)]
    print(json.dumps({"cpu_s": cpu_seconds() - alone, "near_duplicates_cpu_s": alone - started, "kept": kept}))


if __name__ == "__main__":
    main()
