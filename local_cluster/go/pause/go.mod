module sft-operator.io/local-cluster/pause

go 1.21
