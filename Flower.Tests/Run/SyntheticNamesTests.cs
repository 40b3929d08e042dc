// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Text;
using Flower.Run.Names;
using NUnit.Framework;

namespace Flower.Tests.Run;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SyntheticNamesTests
{
    private readonly ManualTime _time = new();

    [Test]
    public void Addresses_OfTheBox_AreThoseOfTheDesign()
    {
        Assert.That(
            $"{SyntheticAddresses.Range4} {SyntheticAddresses.Range6}",
            Is.EqualTo("198.18.0.0/15 fd66:6c6f:7765:7200::/64"));
        Assert.That($"{SyntheticAddresses.Stub4} {SyntheticAddresses.Own4}", Is.EqualTo("198.18.0.1 198.18.0.2"));
        Assert.That(
            $"{SyntheticAddresses.Stub6} {SyntheticAddresses.Own6}",
            Is.EqualTo("fd66:6c6f:7765:7200::1 fd66:6c6f:7765:7200::2"));
    }

    [TestCase("198.18.0.0", true)]
    [TestCase("198.19.255.255", true)]
    [TestCase("::ffff:198.18.1.0", true)]
    [TestCase("198.17.255.255", false)]
    [TestCase("198.20.0.0", false)]
    [TestCase("0.0.1.0", false)]
    [TestCase("fd66:6c6f:7765:7200::", true)]
    [TestCase("fd66:6c6f:7765:7200:ffff:ffff:ffff:ffff", true)]
    [TestCase("fd66:6c6f:7765:7201::100", false)]
    [TestCase("::1", false)]
    public void Contains_Address_AsTheRangesSay(string text, bool expected)
    {
        IPAddress address = IPAddress.Parse(text);

        Assert.That(SyntheticAddresses.Contains(address), Is.EqualTo(expected));
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        Assert.That(
            SyntheticAddresses.Range4.Contains(plain) || SyntheticAddresses.Range6.Contains(plain), Is.EqualTo(expected));
    }

    [Test]
    public void Find_WhatWasGiven_InBothFamilies()
    {
        SyntheticNames names = New();
        int first = Give(names, "a.example");
        int second = Give(names, "b.example");

        Assert.That(SyntheticAddresses.Of4(first), Is.EqualTo(IPAddress.Parse("198.18.1.0")));
        Assert.That(SyntheticAddresses.Of6(second), Is.EqualTo(IPAddress.Parse("fd66:6c6f:7765:7200::101")));
        var expected = new SyntheticName(second, "b.example");
        Assert.That(names.Find(SyntheticAddresses.Of4(second)), Is.EqualTo(expected));
        Assert.That(names.Find(SyntheticAddresses.Of6(second)), Is.EqualTo(expected));
        Assert.That(names.Find(SyntheticAddresses.Of4(second).MapToIPv6()), Is.EqualTo(expected));
    }

    [TestCase("198.18.0.1")]
    [TestCase("198.18.1.1")]
    [TestCase("198.19.255.255")]
    [TestCase("fd66:6c6f:7765:7200::1:0")]
    [TestCase("fd66:6c6f:7765:7200:1::100")]
    [TestCase("127.0.0.1")]
    public void Find_WhatWasNotGiven_IsNothing(string address)
    {
        SyntheticNames names = New();
        Give(names, "a.example");

        Assert.That(names.Find(IPAddress.Parse(address)), Is.Null);
    }

    [Test]
    public void TryGive_AllTaken_TakesBackTheOldestUnused()
    {
        SyntheticNames names = New(maxCount: 3);
        int[] given = [.. "abc".Select(c => Give(names, $"{c}"))];
        _time.Advance(SyntheticNames.HoldTime / 2);
        Give(names, "a");
        _time.Advance(SyntheticNames.HoldTime / 2);

        Assert.That(Give(names, "d"), Is.EqualTo(given[1]));
        Assert.That(Give(names, "e"), Is.EqualTo(given[2]));
        Assert.That(names.TryGive("f"u8, out _), Is.False, "a was asked for a moment ago");
        Assert.That(names.Find(SyntheticAddresses.Of4(given[0]))?.Name, Is.EqualTo("a"));
        Assert.That(names.Find(SyntheticAddresses.Of4(given[1]))?.Name, Is.EqualTo("d"));
        Assert.That(names.Count, Is.EqualTo(3));
    }

    [Test]
    public void Find_AName_KeepsItInUse()
    {
        SyntheticNames names = New(maxCount: 1);
        int number = Give(names, "a");
        _time.Advance(SyntheticNames.HoldTime);
        names.Find(SyntheticAddresses.Of6(number));

        Assert.That(names.TryGive("b"u8, out _), Is.False);
        _time.Advance(SyntheticNames.HoldTime);
        Assert.That(Give(names, "b"), Is.EqualTo(number));
    }

    [Test]
    public void Hold_ByTwo_KeepsTheNameUntilAfterTheLast()
    {
        SyntheticNames names = New(maxCount: 1);
        int number = Give(names, "a");
        IDisposable first = names.Hold(number);
        IDisposable second = names.Hold(number);
        first.Dispose();
        first.Dispose();
        _time.Advance(SyntheticNames.HoldTime * 100);

        Assert.That(names.TryGive("b"u8, out _), Is.False);
        second.Dispose();
        Assert.That(names.TryGive("b"u8, out _), Is.False, "its last packets are on their way");
        _time.Advance(SyntheticNames.HoldTime);
        Assert.That(Give(names, "b"), Is.EqualTo(number));
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(SyntheticAddresses.FirstNumber)]
    [TestCase(SyntheticAddresses.LastNumber + 1)]
    public void Hold_NumberWithoutName_IsAnError(int number) => Assert.That(() => New().Hold(number), Throws.ArgumentException);

    [Test]
    public void TryGive_BytesExhausted_TakesBackAsManyAsItNeeds()
    {
        SyntheticNames names = New(maxBytes: 300);
        Give(names, new string('a', 100));
        Give(names, new string('b', 100));
        Give(names, new string('c', 50));

        Assert.That(names.TryGive(Encoding.ASCII.GetBytes(new string('d', 200)), out _), Is.False);
        Assert.That(names.NameBytes, Is.EqualTo(250));
        _time.Advance(SyntheticNames.HoldTime);
        Give(names, new string('d', 200));
        Assert.That(names.NameBytes, Is.EqualTo(250));
        Assert.That(names.Count, Is.EqualTo(2));
    }

    [Test]
    public void TryGive_AMillionNames_OthersKeepTheirs()
    {
        var names = new SyntheticNames(_time, hasIPv6: true);
        int held = Give(names, "held.example");
        using IDisposable hold = names.Hold(held);
        int asked = Give(names, "asked.example");

        // 10,000 a second, which is less than the table can hold for the hold time.
        for (int i = 0; i < 1_000_000; i++)
        {
            Give(names, i.ToString("x", CultureInfo.InvariantCulture) + ".example");
            if (i % 10_000 == 0)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                Assert.That(Give(names, "asked.example"), Is.EqualTo(asked));
            }
        }

        Assert.That(names.Count, Is.EqualTo(SyntheticNames.MaxCount));
        Assert.That(names.NameBytes, Is.LessThan(SyntheticNames.MaxNameBytes));
        Assert.That(names.Find(SyntheticAddresses.Of4(held))?.Name, Is.EqualTo("held.example"));
        Assert.That(names.Find(SyntheticAddresses.Of4(asked))?.Name, Is.EqualTo("asked.example"));
        Assert.That(names.Find(SyntheticAddresses.Of4(Give(names, "f423f.example")))?.Name, Is.EqualTo("f423f.example"));
    }

    [Test]
    public void TryGive_AMillionNamesAtOnce_AreRefusedAndNobodyLosesHis()
    {
        var names = new SyntheticNames(_time, hasIPv6: true);
        int asked = Give(names, "asked.example");
        int given = 0;
        for (int i = 0; i < 1_000_000; i++)
        {
            byte[] name = Encoding.ASCII.GetBytes($"{i}.{new string('x', 60)}.{new string('y', 60)}.{new string('z', 60)}");
            given += names.TryGive(name, out _) ? 1 : 0;
        }

        Assert.That(given, Is.EqualTo(names.Count - 1).And.LessThan(50_000));
        Assert.That(names.NameBytes, Is.AtMost(SyntheticNames.MaxNameBytes));
        Assert.That(Give(names, "asked.example"), Is.EqualTo(asked));
        _time.Advance(SyntheticNames.HoldTime);
        Assert.That(names.TryGive("new.example"u8, out _), Is.True);
    }

    [Test]
    public void TryGive_FromSeveralThreads_OneNumberAName()
    {
        var names = new SyntheticNames(TimeProvider.System, hasIPv6: true);
        int[][] given = new int[4][];

        Parallel.For(0, given.Length, i =>
        {
            given[i] = [.. Enumerable.Range(0, 5000).Select(n =>
            {
                int number = Give(names, $"n{n}.example");
                using IDisposable hold = names.Hold(number);
                Assert.That(names.Find(SyntheticAddresses.Of4(number))?.Name, Is.EqualTo($"n{n}.example"));
                return number;
            })];
        });

        Assert.That(given, Has.All.EqualTo(given[0]));
        Assert.That(given[0], Is.Unique);
    }

    private SyntheticNames New(int maxCount = 100, int maxBytes = 10_000) =>
        new(_time, hasIPv6: true, maxCount, maxBytes);

    private static int Give(SyntheticNames names, string name)
    {
        Assert.That(names.TryGive(Encoding.ASCII.GetBytes(name), out int number), Is.True, name);
        return number;
    }
}
