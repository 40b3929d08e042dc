// SPDX-License-Identifier: BSD-2-Clause
using Flower.Ingress.Accepting;
using Flower.Rpc.Interop;
using NUnit.Framework;

namespace Flower.Tests.Ingress;

/// <summary>What is made of the errors of accept(2).</summary>
internal sealed class AcceptPolicyTests
{
    private const int ConnAborted = 103;
    private const int Perm = 1;
    private const int Unheard = 4095;

    [TestCase(Errno.Again, nameof(AcceptVerdict.Empty))]
    [TestCase(Errno.Intr, nameof(AcceptVerdict.Next))]
    [TestCase(ConnAborted, nameof(AcceptVerdict.Next))]
    [TestCase(Perm, nameof(AcceptVerdict.Next))]
    [TestCase(Errno.MFile, nameof(AcceptVerdict.Shortage))]
    [TestCase(Errno.NFile, nameof(AcceptVerdict.Shortage))]
    [TestCase(Errno.NoBufs, nameof(AcceptVerdict.Shortage))]
    [TestCase(Errno.NoMem, nameof(AcceptVerdict.Shortage))]
    [TestCase(Unheard, nameof(AcceptVerdict.Shortage))]
    [TestCase(Errno.Inval, nameof(AcceptVerdict.Gone))]
    [TestCase(Errno.BadF, nameof(AcceptVerdict.Gone))]
    public void Judge_Error_HasItsVerdict(int errno, string expected) =>
        Assert.That(AcceptErrors.Judge(errno).ToString(), Is.EqualTo(expected));

    [Test]
    public void Begins_ShortageGoesOn_OncePerEpisode()
    {
        var shortage = new Shortage();

        Assert.That(shortage.Begins(5000), Is.True);
        Assert.That(shortage.Begins(5100), Is.False);
        Assert.That(shortage.Begins(6100), Is.False, "it never ceased for longer than a second");
        Assert.That(shortage.Begins(7101), Is.True);
    }
}
