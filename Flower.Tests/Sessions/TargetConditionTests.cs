// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.State;
using Google.Protobuf;
using NUnit.Framework;

namespace Flower.Tests.Sessions;

/// <summary>What is kept of what a target says of itself.</summary>
internal sealed class TargetConditionTests
{
    // Weight 7, and a field that no version has.
    private static readonly byte[] WithUnknownField = [0x08, 7, 0xfa, 0x3f, 4, 1, 2, 3, 4];

    [Test]
    public void Say_FieldsThatAreNotKnown_AreNotKept()
    {
        TargetUpdate update = TargetUpdate.Parser.ParseFrom(WithUnknownField);
        Assert.That(update.CalculateSize(), Is.EqualTo(WithUnknownField.Length), "the library keeps them");
        var condition = new TargetCondition(update);
        for (int i = 0; i < 100; i++)
        {
            condition.Say(update);
            condition.Set(update);
        }

        var state = new TargetState();
        condition.Save(state);

        Assert.That(condition.Weight, Is.EqualTo(7));
        Assert.That(state.Said.ToByteArray(), Is.EqualTo(new byte[] { 0x08, 7 }));
        Assert.That(state.Set.ToByteArray(), Is.EqualTo(new byte[] { 0x08, 7 }));
    }
}
