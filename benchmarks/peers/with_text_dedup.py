"""text-dedup's MinHash deduplication of the rows of a JSONL file; prints the CPU seconds and which rows it keeps.

It does nothing else; that alone is what its time is for. It takes what stands between spaces and punctuation for a word, and has
no setting for Chinese; so Chinese characters are set apart by spaces before it sees them, which is not timed.
"""

import json
import re
import resource
import sys
from pathlib import Path

from datasets import disable_caching, disable_progress_bars, load_from_disk
from text_dedup.config.base import load_config_from_toml
from text_dedup.minhash import main as deduplicate

HAN = re.compile("([\u3400-\u9fff])")
CONFIG = """
[input]
input_type = "local_files"
file_type = "json"
read_arguments = {{ path = "json", split = "train", data_files = {{ train = "{rows}" }} }}

[algorithm]
algorithm_name = "minhash"
algo_name = "minhash"
text_column = "text"
num_perm = 128
threshold = 0.7
ngram_size = 5
check_false_positive = true
seed = 42
num_proc = 1

[output]
output_dir = "{output}"
clean_cache = false
save_clusters = false

[debug]
enable_profiling = false
"""


def cpu_seconds() -> float:
    """Of this process and those it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Sets Chinese characters apart; then reads, deduplicates, writes."""
    rows_path, output = Path(sys.argv[1]), Path(sys.argv[2])
    disable_caching()
    disable_progress_bars()
    output.mkdir()
    rows = map(json.loads, rows_path.read_text(encoding="utf-8").rstrip("\n").split("\n"))
    spaced = output / "spaced.jsonl"
    spaced.write_text("\n".join(json.dumps({**row, "text": HAN.sub(r" \1 ", row["text"])}, ensure_ascii=False) for row in rows))
    config = output / "config.toml"
    config.write_text(CONFIG.format(rows=spaced, output=output / "kept"))
    started = cpu_seconds()
    deduplicate(load_config_from_toml(config))
    seconds = cpu_seconds() - started
    print(
        json.dumps({"cpu_s": seconds, "near_duplicates_cpu_s": seconds, "kept": list(load_from_disk(str(output / "kept"))["id"])})
    )


if __name__ == "__main__":
    main()
