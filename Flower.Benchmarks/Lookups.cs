// SPDX-License-Identifier: BSD-2-Clause
using BenchmarkDotNet.Attributes;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;

namespace Flower.Benchmarks;

/// <summary>Lookups in a directory of targets with two labels each, <c>service</c> and <c>instance</c>.</summary>
[MemoryDiagnoser]
public class Lookups
{
    private TargetDirectory<Registered> _directory = null!;
    private Query _one = null!;
    private Query _any = null!;

    /// <summary>How many targets are registered.</summary>
    [Params(1, 10, 100, 1_000, 10_000, 100_000)]
    public int Targets { get; set; }

    [GlobalSetup]
    public void Register()
    {
        _directory = new(random: new Random(1));
        for (int i = 0; i < Targets; i++)
        {
            _ = _directory.TryAdd(new Registered(LabelSet.Create(("service", "www"), ("instance", $"{i}"))));
        }

        _one = Ask(("service", "www"), ("instance", $"{Targets / 2}"));
        _any = Ask(("service", "www"));
    }

    /// <summary>The one that is asked for by all its labels.</summary>
    [Benchmark]
    public int One() => _directory.Find(_one).Targets.Length;

    /// <summary>One of all, by weight.</summary>
    [Benchmark]
    public object? Weighted() => _directory.Pick(_any, Balance.Weighted, []);

    /// <summary>One of all, in turn.</summary>
    [Benchmark]
    public object? RoundRobin() => _directory.Pick(_any, Balance.RoundRobin, []);

    /// <summary>One of all, the better of two.</summary>
    [Benchmark]
    public object? Least() => _directory.Pick(_any, Balance.Least, []);

    private static Query Ask(params (string Key, string Value)[] labels)
    {
        LabelSet stated = LabelSet.Create(labels);
        return new Query
        {
            Stated = stated,
            RankingKeys = Query.RankingKeysOf(stated, LabelSet.Empty, ingress: false),
            RelatedOnly = true,
        };
    }

    private sealed class Registered(LabelSet own) : ITarget
    {
        public TargetKind Kind => TargetKind.Server;

        public bool IsFixedDestination => false;

        public LabelSet Own => own;

        public LabelSet Indexed => own;

        public uint OwnerUid => 0;

        public uint Weight => 100;

        public bool IsDraining => false;

        public bool IsSuspect => false;

        public long Load => 0;
    }
}
