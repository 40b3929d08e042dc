// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Web;
using NUnit.Framework;

namespace Flower.Tests.Web;

/// <summary>What a page is told that has seen some changes.</summary>
public sealed class PictureTests
{
    [Test]
    public void Since_NothingNew_IsNothing()
    {
        var picture = new Picture();
        picture.SetTarget("1", Json("1"));
        long seen = 0;
        Assert.That(Read(picture, ref seen), Is.EqualTo("""{"reset":true,"targets":[{"id":"1"}]}"""));

        picture.SetTarget("1", Json("1"));
        picture.RemoveConnection("7");

        Assert.That(picture.Since(ref seen), Is.Null);
        Assert.That(picture.Changed.IsCompleted, Is.False);
    }

    [Test]
    public void Since_Changes_AreThoseAlone()
    {
        var picture = new Picture();
        picture.SetTarget("1", Json("1"));
        picture.SetTarget("2", Json("2"));
        picture.SetConnection("3", Json("3"));
        long seen = 0;
        Read(picture, ref seen);
        Task changed = picture.Changed;

        picture.RemoveTarget("1");
        picture.RemoveTarget("2");
        picture.SetTarget("2", Json("2"));
        picture.SetConnection("4", Json("4"));

        Assert.That(changed.IsCompleted, Is.True);
        Assert.That(
            Read(picture, ref seen),
            Is.EqualTo("""{"targets":[{"id":"2"}],"connections":[{"id":"4"}],"removedTargets":["1"]}"""));
    }

    [Test]
    public void Since_Cleared_BeginsAgain()
    {
        var picture = new Picture();
        picture.SetTarget("1", Json("1"));
        long seen = 0;
        Read(picture, ref seen);

        picture.Clear();
        picture.SetTarget("2", Json("2"));

        Assert.That(Read(picture, ref seen), Is.EqualTo("""{"reset":true,"targets":[{"id":"2"}]}"""));
    }

    [Test]
    public void Since_MoreRemovalsThanAreRemembered_BeginsAgain()
    {
        var picture = new Picture();
        picture.SetTarget("stays", Json("stays"));
        long seen = 0;
        Read(picture, ref seen);
        for (int i = 0; i < 20_001; i++)
        {
            picture.SetConnection($"{i}", Json($"{i}"));
            picture.RemoveConnection($"{i}");
        }

        Assert.That(Read(picture, ref seen), Is.EqualTo("""{"reset":true,"targets":[{"id":"stays"}]}"""));
    }

    [Test]
    public void Since_OldHistory_IsForgotten()
    {
        var picture = new Picture();
        long minute = (long)TimeSpan.FromMinutes(1).TotalMilliseconds;
        picture.Add(0, Json("old"));
        picture.Add(6 * minute, Json("new"));
        long seen = 0;

        Assert.That(Read(picture, ref seen), Is.EqualTo("""{"reset":true,"history":[{"id":"new"}]}"""));
    }

    private static byte[] Json(string id) => Encoding.UTF8.GetBytes($$"""{"id":"{{id}}"}""");

    private static string Read(Picture picture, ref long seen) => Encoding.UTF8.GetString(picture.Since(ref seen)!);
}
