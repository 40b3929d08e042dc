// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Run.Names;
using Flower.Tests.Run;
using NUnit.Framework;

namespace Flower.Tests.Laws;

/// <summary>Synthetic addresses against a list that is searched from one end to the other.</summary>
[FsCheck.NUnit.Properties(MaxTest = 300, QuietOnSuccess = true)]
public sealed class SyntheticNamesLaws
{
    private const int MaxCount = 5;
    private const int MaxBytes = 60;

    private readonly ManualTime _time = new();

    // All names that have a number, from the longest unused to the latest used; held ones stand wherever they are.
    private readonly List<Given> _model = [];
    private readonly List<(Given Of, IDisposable Hold)> _holds = [];

    private SyntheticNames _names = new(TimeProvider.System, hasIPv6: true);

    [FsCheck.NUnit.Property]
    public void Names_AnySteps_AsTheListSays((byte Kind, byte Which, byte Seconds)[] steps)
    {
        _names = new(_time, hasIPv6: true, MaxCount, MaxBytes);
        _model.Clear();
        _holds.Clear();
        foreach ((byte kind, byte which, byte seconds) in steps)
        {
            _time.Advance(TimeSpan.FromSeconds(seconds % 8));
            switch (kind % 5)
            {
                case 0 or 1:
                    Give(NameOf(which));
                    break;
                case 2:
                    Find(SyntheticAddresses.FirstNumber + (which % (MaxCount + 1)));
                    break;
                case 3 when _model.Count > 0:
                    Given held = _model[which % _model.Count];
                    held.Holds++;
                    _holds.Add((held, _names.Hold(held.Number)));
                    break;
                case 4 when _holds.Count > 0:
                    Release(which % _holds.Count);
                    break;
                default:
                    break;
            }

            Assert.That(_names.Count, Is.EqualTo(_model.Count).And.AtMost(MaxCount));
            Assert.That(_names.NameBytes, Is.EqualTo(_model.Sum(m => m.Name.Length)).And.AtMost(MaxBytes));
        }

        // What the table says at the end is what the list says, whichever name it is.
        foreach (Given given in _model.ToArray())
        {
            Give(given.Name);
            Find(given.Number);
        }
    }

    private void Give(string name)
    {
        bool given = _names.TryGive(Encoding.ASCII.GetBytes(name), out int number);
        if (_model.Find(m => m.Name == name) is { } known)
        {
            Assert.That(given, Is.True);
            Assert.That(number, Is.EqualTo(known.Number), "the same name, the same number");
            Use(known);
            return;
        }

        while (_model.Count == MaxCount || _model.Sum(m => m.Name.Length) + name.Length > MaxBytes)
        {
            Given? oldest = _model.Find(m => m.Holds == 0);
            if (oldest is null || _time.GetTimestamp() - oldest.UsedAt < SyntheticNames.HoldTime.TotalMilliseconds)
            {
                Assert.That(given, Is.False, "none is out of use");
                return;
            }

            _model.Remove(oldest);
        }

        Assert.That(given, Is.True);
        Assert.That(_model.Select(m => m.Number), Has.None.EqualTo(number), "no number that is another's");
        Assert.That(number, Is.InRange(SyntheticAddresses.FirstNumber, SyntheticAddresses.FirstNumber + MaxCount - 1));
        _model.Add(new(name, number) { UsedAt = _time.GetTimestamp() });
    }

    private void Find(int number)
    {
        Given? known = _model.Find(m => m.Number == number);
        SyntheticName? found = number % 2 == 0
            ? _names.Find(SyntheticAddresses.Of4(number))
            : _names.Find(SyntheticAddresses.Of6(number));
        Assert.That(found?.Name, Is.EqualTo(known?.Name));
        if (known is not null)
        {
            Use(known);
        }
    }

    private void Release(int index)
    {
        (Given of, IDisposable hold) = _holds[index];
        _holds.RemoveAt(index);
        hold.Dispose();
        hold.Dispose();
        if (--of.Holds == 0)
        {
            Use(of);
        }
    }

    private void Use(Given given)
    {
        given.UsedAt = _time.GetTimestamp();
        _model.Remove(given);
        _model.Add(given);
    }

    private static string NameOf(byte which) => new((char)('a' + (which % 12)), 1 + (which % 12 * 3));

    private sealed record Given(string Name, int Number)
    {
        public long UsedAt { get; set; }

        public int Holds { get; set; }
    }
}
