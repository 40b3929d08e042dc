// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Tests.Laws;

/// <summary>
/// Whatever is constrained, opened, registered, closed and revoked, in whatever order: nobody reaches, sees or registers
/// more than its ancestors allow, and nothing of what was revoked is there any more.
/// </summary>
[FsCheck.NUnit.Properties(Arbitrary = [typeof(Arbitraries)], MaxTest = 300, EndSize = 60, QuietOnSuccess = true)]
public sealed class RevocationLaws
{
    [FsCheck.NUnit.Property]
    public bool Board_AnyLife_HoldsToTheModel((int What, int Who, int Whom, LabelSet In, LabelSet Out)[] steps)
    {
        using var world = new HandleWorld();
        foreach ((int what, int who, int whom, LabelSet inLabels, LabelSet outLabels) in steps)
        {
            world.Step(what, who, whom, inLabels, outLabels);
            if (world.Broken is string law)
            {
                throw new InvalidOperationException(law);
            }
        }

        return true;
    }
}
