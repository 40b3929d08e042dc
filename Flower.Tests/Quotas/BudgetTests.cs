// SPDX-License-Identifier: BSD-2-Clause
using Flower.Switchboard.Quotas;
using NUnit.Framework;

namespace Flower.Tests.Quotas;

internal sealed class BudgetTests
{
    [Test]
    public void Has_UpToTheLimit_AndNotBeyond()
    {
        var budget = new Budget("user 1");
        budget.Add(QuotaKind.QueuedBytes, 60);

        Assert.That(budget.Has(QuotaKind.QueuedBytes, 40, 100), Is.True);
        Assert.That(budget.Has(QuotaKind.QueuedBytes, 41, 100), Is.False);
        Assert.That(budget.Has(QuotaKind.QueuedBytes, 41, QuotaLimits.Unlimited), Is.True);
        Assert.That(budget.Has(QuotaKind.Sessions, 1, 0), Is.False);
        budget.Add(QuotaKind.QueuedBytes, -60);
        Assert.That(budget.IsUnused, Is.True);
    }

    [Test]
    public void TryConnect_AQuarterOfASecondsWorth_ThenAtTheRate()
    {
        var budget = new Budget("user 1");
        for (int i = 0; i < 10; i++)
        {
            Assert.That(budget.TryConnect(40, 5000), Is.True, $"{i}");
        }

        Assert.That(budget.TryConnect(40, 5000), Is.False);
        Assert.That(budget.TryConnect(40, 5012), Is.False, "half a connect's time");
        Assert.That(budget.TryConnect(40, 5025), Is.True);
        Assert.That(budget.TryConnect(40, 5025), Is.False);
        // Time that passes unused is not saved beyond that.
        Assert.That(Enumerable.Range(0, 20).Count(_ => budget.TryConnect(40, 60_000)), Is.EqualTo(10));
    }

    [Test]
    public void TryRegister_AsManyAsThereMayBe_ThenAtTheRate()
    {
        var budget = new Budget("user 1");

        Assert.That(Enumerable.Range(0, 150).Count(_ => budget.TryRegister(10, 100, 5000)), Is.EqualTo(100));
        Assert.That(Enumerable.Range(0, 150).Count(_ => budget.TryRegister(10, 100, 6000)), Is.EqualTo(10));
        Assert.That(budget.TryConnect(40, 6000), Is.True, "a connect is not a registration");
    }

    [Test]
    public void TryConnect_SlowRate_AlwaysAllowsOne()
    {
        var budget = new Budget("user 1");

        Assert.That(budget.TryConnect(1, 0), Is.True);
        Assert.That(budget.TryConnect(1, 500), Is.False);
        Assert.That(budget.TryConnect(1, 1000), Is.True);
    }

    [Test]
    public void TryConnect_LimitLowered_BurstIsTheNewOne()
    {
        var budget = new Budget("user 1");
        Assert.That(budget.TryConnect(1000, 0), Is.True);

        Assert.That(Enumerable.Range(0, 20).Count(_ => budget.TryConnect(20, 1)), Is.EqualTo(5));
        Assert.That(budget.TryConnect(QuotaLimits.Unlimited, 1), Is.True);
    }

    [Test]
    public void Limits_Names_AreThoseOfTheKinds()
    {
        Assert.That(QuotaLimits.Names, Has.Length.EqualTo(Enum.GetValues<QuotaKind>().Length));
        foreach (QuotaKind kind in Enum.GetValues<QuotaKind>())
        {
            Assert.That(
                QuotaLimits.Names[(int)kind].Replace("_", "", StringComparison.Ordinal),
                Is.EqualTo(kind.ToString()).IgnoreCase);
        }

        Assert.That(QuotaLimits.None.With(QuotaKind.Targets, 7)[QuotaKind.Targets], Is.EqualTo(7));
    }
}
