"""data-juicer's MinHash deduplication of the rows of a JSONL file; prints the CPU seconds and which rows it keeps.

Its default, tokens between spaces, makes a token of a Chinese sentence; by character it does well.
"""

import json
import resource
import sys

from data_juicer.ops.deduplicator.document_minhash_deduplicator import DocumentMinhashDeduplicator
from datasets import Dataset, disable_caching, disable_progress_bars


def cpu_seconds() -> float:
    """Of this process and those it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Reads, deduplicates, writes parquet."""
    rows_path, output = sys.argv[1:]
    disable_caching()
    disable_progress_bars()
    started = cpu_seconds()
    with open(rows_path, encoding="utf-8") as file:
        rows = Dataset.from_list([json.loads(line) for line in file])
    operator = DocumentMinhashDeduplicator(
        tokenization="character", window_size=5, num_permutations=128, jaccard_threshold=0.7, text_key="text"
    )
    kept, _ = operator.process(rows.map(operator.compute_hash))
    kept.to_parquet(output)
    print(json.dumps({"cpu_s": cpu_seconds() - started, "kept": list(kept["id"])}))


if __name__ == "__main__":
    main()
