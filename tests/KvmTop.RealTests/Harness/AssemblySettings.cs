// Real guests compete for real CPUs: two tests at once would measure each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
